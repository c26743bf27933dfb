import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { expect } from 'chai';
import { readKernelBuffers } from '../../src/http/kernel-buffers.js';

describe('The buffers of the system', () => {
  for (const host of ['127.0.0.1', '::1']) {
    it(`are known for a client at ${host} that takes nothing`, async function () {
      if (process.platform !== 'linux') this.skip();
      const server = createServer().listen(0, '::');
      await once(server, 'listening').catch(() => this.skip());
      const accepting = once(server, 'connection') as Promise<[Socket]>;
      const client = connect((server.address() as AddressInfo).port, host);
      await once(client, 'connect').catch(() => this.skip());
      client.pause();
      const [socket] = await accepting;
      try {
        expect((await readKernelBuffers())(socket)).to.equal(0);
        socket.write(Buffer.alloc(20_000_000));
        expect((await readKernelBuffers())(socket)).to.be.greaterThan(65_536);
        expect((await readKernelBuffers())({})).to.equal(0);
      } finally {
        client.destroy();
        socket.destroy();
        server.close();
      }
    });
  }
});
