import { expect } from 'chai';
import { httpLimits as limits } from '../../src/http/limits.js';
import { createStallSweep, StalledConnections, snapshotOf } from '../../src/http/stalled-connections.js';

describe('StalledConnections', () => {
  /** The fields of a socket that the check reads. */
  function connection() {
    const fields = { writableLength: 0, bytesRead: 0, bytesWritten: 0, destroyed: false };
    const socket = { ...fields, destroy: () => Object.assign(socket, { destroyed: true }) };
    return socket;
  }
  const timeoutMs = 10_000;

  it('a client that takes too little of its response is disconnected, others are not', () => {
    const stalled = new StalledConnections(timeoutMs);
    const [idle, silent, trickling, slow, sending] = [
      connection(),
      connection(),
      connection(),
      connection(),
      connection(),
    ];
    const sockets = [idle, silent, trickling, slow, sending];
    for (const socket of sockets.slice(1)) Object.assign(socket, { writableLength: 1e6, bytesWritten: 1e6 });
    for (let nowMs = 0; nowMs <= 3 * timeoutMs; nowMs += 1_000) {
      stalled.sweep(snapshotOf(sockets), nowMs);
      trickling.writableLength -= 10;
      slow.writableLength -= limits.minMovedBytes / 8;
      sending.bytesRead += limits.minMovedBytes / 8;
    }
    expect(sockets.map((socket) => socket.destroyed)).to.deep.equal([false, true, true, false, false]);
  });

  it('a client whose response waits in the buffers of the system is disconnected, one that takes it is not', () => {
    const stalled = new StalledConnections(timeoutMs);
    const [silent, reading, underWay] = [connection(), connection(), connection()];
    const inKernel = new Map([
      [silent, 1e6],
      [reading, 1e6],
      [underWay, 100],
    ]);
    for (const socket of inKernel.keys()) socket.bytesWritten = 1e6;
    for (let nowMs = 0; nowMs <= 3 * timeoutMs; nowMs += 1_000) {
      stalled.sweep(snapshotOf(inKernel.keys()), nowMs, (socket) => inKernel.get(socket as typeof silent) ?? 0);
      inKernel.set(reading, (inKernel.get(reading) ?? 0) - limits.minMovedBytes / 8);
      // It takes each message after a while, and the next one is under way.
      underWay.bytesWritten += 100;
    }
    expect([silent, reading, underWay].map((socket) => socket.destroyed)).to.deep.equal([true, false, false]);
  });

  it('a client that takes a short response byte by byte is disconnected', () => {
    const stalled = new StalledConnections(timeoutMs);
    const socket = Object.assign(connection(), { bytesWritten: 400 });
    let unsent = 400;
    for (let nowMs = 0; nowMs <= timeoutMs; nowMs += 1_000) {
      stalled.sweep(snapshotOf([socket]), nowMs, () => unsent);
      unsent -= 5;
    }
    expect(socket.destroyed).to.equal(true);
  });

  it('a client has the whole time limit for each response', () => {
    const stalled = new StalledConnections(timeoutMs);
    const socket = connection();
    for (let nowMs = 0; nowMs <= 5 * timeoutMs; nowMs += timeoutMs / 2) {
      socket.writableLength = nowMs % timeoutMs === 0 ? 1e6 : 0;
      stalled.sweep(snapshotOf([socket]), nowMs);
    }
    expect(socket.destroyed).to.equal(false);
  });

  it('a client that takes its response is not disconnected, however short the time limit is', async () => {
    const socket = Object.assign(connection(), { bytesWritten: 2e6 });
    const shortMs = 2_000;
    let unsent = 2e6;
    const sweep = createStallSweep(new Set([socket]), shortMs, async () => {
      const then = unsent;
      return () => then;
    });
    for (let nowMs = 0; nowMs <= 5 * shortMs; nowMs += 100) {
      await sweep(nowMs);
      unsent -= limits.minMovedBytes / 10;
    }
    expect(socket.destroyed).to.equal(false);
    for (let nowMs = 6 * shortMs; nowMs <= 8 * shortMs; nowMs += 100) await sweep(nowMs);
    expect(socket.destroyed, 'once it takes nothing').to.equal(true);
  });

  it('the buffers of the system are read only if something was sent that may not be taken', async () => {
    const socket = connection();
    let unsent = 0;
    let readings = 0;
    const sweep = createStallSweep(new Set([socket]), timeoutMs, async () => {
      readings += 1;
      return () => unsent;
    });
    socket.bytesWritten = 1e6;
    for (let nowMs = 0; nowMs < 5_000; nowMs += 1_000) await sweep(nowMs);
    expect(readings, 'after a response that was taken').to.equal(1);
    socket.bytesWritten += 400;
    unsent = 400;
    for (let nowMs = 5_000; nowMs < 10_000; nowMs += 1_000) await sweep(nowMs);
    expect(readings, 'while a response waits in the buffers').to.equal(6);
  });

  it('a client that takes bytes which were sent during a reading of the buffers is not disconnected', async () => {
    const socket = Object.assign(connection(), { bytesWritten: 1e6 });
    let unsent = 1e6;
    /** Sends during the first reading: the buffers as they were read do not show it. */
    let sending = 1e6;
    const sweep = createStallSweep(new Set([socket]), timeoutMs, async () => {
      const then = unsent;
      socket.bytesWritten += sending;
      unsent += sending;
      sending = 0;
      return () => then;
    });
    for (let nowMs = 0; nowMs <= 3 * timeoutMs; nowMs += 1_000) {
      await sweep(nowMs);
      unsent -= limits.minMovedBytes / 8;
    }
    expect(socket.destroyed).to.equal(false);
  });

  it('a client that progresses during the reading of the buffers is judged by that', () => {
    const stalled = new StalledConnections(timeoutMs);
    const socket = Object.assign(connection(), { bytesWritten: 2e6, writableLength: 1e6 });
    stalled.sweep(snapshotOf([socket]), 0, () => 1e6);
    // The client takes some of the system's bytes, and Node fills the buffer again from its own.
    const before = snapshotOf([socket]);
    socket.writableLength -= limits.minMovedBytes;
    stalled.sweep(before, timeoutMs, () => 1e6);
    expect(socket.destroyed).to.equal(false);
  });

  it('a client that does not take what was sent during a reading of the buffers is disconnected', async () => {
    const socket = Object.assign(connection(), { bytesWritten: 400 });
    let unsent = 0;
    const sweep = createStallSweep(new Set([socket]), timeoutMs, async () => {
      const then = unsent;
      if (socket.bytesWritten === 400) {
        socket.bytesWritten += 100;
        unsent = 100;
      }
      return () => then;
    });
    for (let nowMs = 0; nowMs <= 2 * timeoutMs; nowMs += 1_000) await sweep(nowMs);
    expect(socket.destroyed).to.equal(true);
  });

  it('no reading of the buffers begins while another one is under way', async () => {
    const socket = Object.assign(connection(), { bytesWritten: 400 });
    let readings = 0;
    let end: (inKernel: () => number) => void = () => undefined;
    const sweep = createStallSweep(new Set([socket]), timeoutMs, () => {
      readings += 1;
      return new Promise((resolve) => {
        end = resolve;
      });
    });
    const slow = sweep();
    await sweep();
    expect(readings).to.equal(1);
    end(() => 400);
    await slow;
    void sweep();
    expect(readings).to.equal(2);
  });
});
