import { readFileSync } from 'node:fs';

/** The files with limits, and the heading of each in docs/limits.md. */
const files = [
  ['src/http/limits.ts', 'HTTP'],
  ['src/http/batch/limits.ts', 'Batches'],
  ['src/queries/limits.ts', 'Queries'],
  ['src/orders/limits.ts', 'One order'],
  ['src/commands/limits.ts', 'Commands'],
  ['src/event-log/limits.ts', 'The event log'],
  ['src/projector/limits.ts', 'The projector'],
  ['src/webhooks/limits.ts', 'Webhooks'],
  ['src/access/limits.ts', 'Access control'],
  ['src/privacy/limits.ts', 'Personal data'],
  ['src/audit/limits.ts', 'Audits'],
  ['src/import/limits.ts', 'Imports'],
  ['src/service/runs/limits.ts', 'Runs and histories'],
  ['src/service/system/limits.ts', 'The registry of processes'],
];

/** The variables that configure a limit. */
const variables = {
  keepAliveTimeoutMs: 'ORDERS_KEEP_ALIVE_TIMEOUT_MS',
  headersTimeoutMs: 'ORDERS_HEADERS_TIMEOUT_MS',
  bodyTimeoutMs: 'ORDERS_BODY_TIMEOUT_MS',
  batchIdleTimeoutMs: 'ORDERS_BATCH_IDLE_TIMEOUT_MS',
  responseTimeoutMs: 'ORDERS_RESPONSE_TIMEOUT_MS',
};

const units = [
  [/Ms$/, 'ms'],
  [/Seconds$/, 's'],
  [/Minutes$/, 'min'],
  [/Days$/, 'days'],
  [/Bytes(Per\w+)?$|^bytesPer/, 'bytes'],
  [/Length$/, 'characters'],
];

const head = `# Limits

Every queue, page, cache, retry and wait of the service has a limit. This page lists all of them,
with their defaults. It is generated from the source code by \`node scripts/limits.mjs\`. Limits
with a variable can be configured, see [.env.example](../.env.example). The others are constants:
they hold for one process, unless their text says otherwise.
`;

/** The text of docs/limits.md. */
export function limitsPage() {
  const sections = files.map(([file, heading]) => {
    const rows = limitsOf(readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8'));
    const lines = rows.map(({ name, value, text }) => {
      const variable = variables[name] ? `\`${variables[name]}\`` : '';
      return `| \`${name}\` | ${value} | ${unitOf(name)} | ${variable} | ${text.replaceAll('|', '\\|')} |`;
    });
    return `\n## ${heading}\n\n| limit | default | unit | variable | what it bounds |\n| --- | ---: | --- | --- | --- |\n${lines.join('\n')}\n`;
  });
  return `${head}${sections.join('')}`;
}

/** The limits of a source file: name, value, and the text of the comment before it. */
export function limitsOf(source) {
  const entry = /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s+(\w+): ([^,{}[\]]+),\n|^ {2}(\w+): ([^,{}[\]]+),\n/gm;
  let text = '';
  return [...source.matchAll(entry)].flatMap(([, comment, documented, value, other, otherValue]) => {
    if (comment !== undefined)
      text = comment
        .replaceAll(/^\s*\* ?/gm, ' ')
        .replaceAll(/\s+/g, ' ')
        .trim();
    const shown = numberOf(value ?? otherValue ?? '');
    return shown === undefined ? [] : [{ name: documented ?? other, value: shown, text }];
  });
}

/** The value of a number or a product of numbers, with separators of thousands. */
function numberOf(text) {
  const factors = text.split('*').map((factor) => Number(factor.trim().replaceAll('_', '')));
  if (factors.some(Number.isNaN)) return undefined;
  return factors.reduce((product, factor) => product * factor, 1).toLocaleString('en-US');
}

function unitOf(name) {
  return units.find(([pattern]) => pattern.test(name))?.[1] ?? '';
}
