import { get, type IncomingHttpHeaders } from 'node:http';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { expect } from 'chai';
import { call, useService } from '../../support/service.js';

/** The header with which a browser asks for a page. */
const browser = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

describe('The console', () => {
  const service = useService();
  const page = () => call(service, 'GET', '/', undefined, browser);
  const filesOf = (html: string) => [...html.matchAll(/(?:href|src)="(\/web\/[^"]+)"/g)].map(([, path = '']) => path);

  it('a browser gets the console at /, and every other client the list of endpoints', async () => {
    const { headers, text } = await page();
    expect(headers.get('content-type')).to.match(/^text\/html/);
    expect(text).to.include('<div id="console">');
    expect((await call(service, 'GET', '/')).body.service).to.equal('order-service');
  });

  it('the page allows no inline script or style, and nothing from other hosts', async () => {
    const { headers, text } = await page();
    expect(headers.get('content-security-policy')).to.equal(
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
        "frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    );
    expect(text).not.to.match(/https?:|<style|style=|<script(?![^>]*\ssrc=)/);
    // The icon, the styles, the script, and a script that it loads.
    expect(filesOf(text)).to.have.length(4);
  });

  it('scripts and styles may be kept for ever, because their names change with their content', async () => {
    const { text } = await page();
    const hashed = filesOf(text).filter((path) => /\.(js|css)$/.test(path));
    expect(hashed).to.have.length(3);
    for (const path of hashed) {
      expect(path).to.match(/-[A-Z0-9]{8}\.(js|css)$/);
      const { status, headers } = await call(service, 'GET', path);
      expect([status, headers.get('cache-control')]).to.deep.equal([200, 'public, max-age=31536000, immutable']);
    }
  });

  it('the page itself is checked at each visit, and not sent again if it is the same', async () => {
    const first = await page();
    expect(first.headers.get('cache-control')).to.equal('private, no-cache');
    const again = await fetch(service.url, {
      headers: { ...browser, 'if-none-match': first.headers.get('etag') ?? '' },
    });
    expect([again.status, await again.text()]).to.deep.equal([304, '']);
    // A cache finds the response to reuse by the same headers (RFC 9110, 15.4.5).
    expect(again.headers.get('vary')).to.equal(first.headers.get('vary')).and.to.include('Accept-Encoding');
  });

  it('each encoding of a page has an ETag of its own, since its bytes differ', async () => {
    const tags: unknown[] = [];
    for (const encoding of ['br', 'gzip', 'identity'])
      tags.push((await raw(`${service.url}/docs`, encoding)).headers.etag);
    expect(new Set(tags).size, String(tags)).to.equal(3);
  });

  it('files are sent compressed to clients that accept it, and less than 200 kB in all', async () => {
    let bytes = 0;
    for (const path of filesOf((await page()).text)) {
      const plain = await fetch(service.url + path, { headers: { 'accept-encoding': 'identity' } });
      const content = Buffer.from(await plain.arrayBuffer());
      for (const [encoding, decompress] of [
        ['br', brotliDecompressSync],
        ['gzip', gunzipSync],
      ] as const) {
        const { status, headers, body } = await raw(service.url + path, encoding);
        expect([status, headers['content-encoding'], headers.vary]).to.deep.equal([200, encoding, 'Accept-Encoding']);
        expect(decompress(body).equals(content), path).to.equal(true);
        if (encoding === 'gzip') bytes += body.length;
      }
      const { headers } = await raw(service.url + path, 'gzip, deflate, br, zstd');
      expect(headers['content-encoding'], 'what a browser gets').to.equal('br');
    }
    expect(bytes).to.be.within(20_000, 200_000);
  });

  it('a file that the console does not have is a 404', async () => {
    for (const name of ['index.html', 'console.js', '..%2fpackage.json'])
      expect((await call(service, 'GET', `/web/${name}`)).status, name).to.equal(404);
  });
});

/** A response as it is sent: fetch would decompress it. */
function raw(url: string, encoding: string): Promise<{ status: number; headers: IncomingHttpHeaders; body: Buffer }> {
  return new Promise((resolve, reject) => {
    get(url, { headers: { 'accept-encoding': encoding } }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
      );
    }).on('error', reject);
  });
}
