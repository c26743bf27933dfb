import { createHash } from 'node:crypto';
import type { Context } from 'koa';
import { noFrames } from '../../response/security-headers.js';

const style =
  ':root{color-scheme:light dark}' +
  'body{font:16px/1.6 system-ui,sans-serif;max-width:56rem;margin:3rem auto;padding:0 1rem;' +
  'background:light-dark(#fff,#12151b);color:light-dark(#171c26,#e8ebf0)}' +
  'a{color:light-dark(#3557c9,#9db6ff)}' +
  'code,pre{font-family:ui-monospace,monospace;font-size:.9em;background:light-dark(#eef0f4,#232a34)}' +
  'code{padding:.1em .3em;overflow-wrap:anywhere}pre{padding:1rem;overflow:auto}pre code{padding:0}' +
  'table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.4rem .8rem .4rem 0;' +
  'border-bottom:1px solid light-dark(#dfe3ea,#2a323d)}ul{padding-left:1.2rem}';
const styleHash = createHash('sha256').update(style).digest('base64');

/** Responds with a page of text. It loads nothing and runs no script. */
export function respondWithHtml(ctx: Context, title: string, body: string): void {
  ctx.type = 'text/html; charset=utf-8';
  ctx.set('Content-Security-Policy', `default-src 'none'; style-src 'sha256-${styleHash}'; ${noFrames}`);
  ctx.body =
    '<!doctype html><html lang="en"><meta charset="utf-8">' +
    '<meta name="viewport" content="width=device-width, initial-scale=1">' +
    `<meta name="description" content="The problems of the API"><title>${escaped(title)}</title>` +
    `<style>${style}</style>` +
    `<main><h1>${escaped(title)}</h1>${body}</main></html>\n`;
}

/** Text between tags. It is not for attributes. */
export function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

/** Text of one line in which backticks mark code. */
export function inline(text: string): string {
  return escaped(text).replace(/`([^`]+)`/g, '<code>$1</code>');
}
