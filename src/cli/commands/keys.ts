import { apiKeyDocument, createApiKey, listApiKeys, revokeApiKey, revokeCreatedBy } from '../../access/api-keys.js';
import { createdThrough } from '../../access/key-creators.js';
import { isScope, type Scope, scopes } from '../../access/scopes.js';
import { parseRfc3339, timeForms } from '../../orders/values/rfc3339.js';
import { withEventLog } from '../connections.js';
import { readArguments } from '../terminal/arguments.js';
import { confirm } from '../terminal/confirm.js';
import { UsageError, wrongCall } from '../terminal/errors.js';
import { operator } from '../terminal/operator.js';
import { alignColumns, toSeconds } from '../terminal/tables.js';
import type { Terminal } from '../terminal/terminal.js';

const usage = `orders keys create --name NAME --scopes SCOPE,SCOPE [--subject SUBJECT] [--expires TIME] [--json]
orders keys list [--json]
orders keys revoke ID [--yes] [--json]
orders keys revoke --created-by CREATOR [--yes] [--json]

  Creates, lists and revokes API keys. A key is printed only once, when it is created: the service
  stores its hash. Clients send it as "Authorization: Bearer ok_…". The service requires keys if
  ORDERS_AUTH=required. A revoked key stops working within a second.

  --name     the owner or the use of the key
  --scopes   ${scopes.slice(0, 5).join(', ')},
             ${scopes.slice(5).join(', ')}
  --subject  the actor in the events that the key's requests append, and the user whose orders
             orders:read:own shows; by default key:ID. Idempotency keys belong to the subject, so
             a key that replaces an old one should have the same subject.
  --expires  RFC 3339, such as 2030-01-01T00:00:00Z
  --created-by  revokes all keys of a creator: those that CREATOR has created, directly or by other
             keys, and CREATOR itself if it is a key. CREATOR is the ID of a key, or a name that the
             list shows as the creator. Use it after an admin key was stolen.
  --yes      do not ask
  --json     print one JSON document; with create, the key and its id

  Example: orders keys create --name "Web shop" --scopes orders:write,orders:read
           orders keys list --json | jq '.[] | select(.revoked_at == null) | .key_id'`;

interface CreateOptions {
  readonly name?: string;
  readonly scopes?: string;
  readonly subject?: string;
  readonly expires?: string;
  readonly json?: boolean;
}

/** `orders keys`: creates, lists and revokes API keys. */
export async function keysCommand(args: string[], terminal: Terminal): Promise<void> {
  const options = {
    name: { type: 'string' },
    scopes: { type: 'string' },
    subject: { type: 'string' },
    expires: { type: 'string' },
    'created-by': { type: 'string' },
    json: { type: 'boolean' },
    yes: { type: 'boolean' },
  } as const;
  const { values, positionals } = readArguments(args, usage, options, 2);
  if (values.help) return terminal.print(usage);
  const [action, id] = positionals;
  if (action === 'create' && id === undefined) return create(terminal, values);
  if (action === 'list' && id === undefined) return list(terminal, values.json);
  const creator = values['created-by'];
  if (action === 'revoke' && creator !== undefined && id === undefined) return revokeAll(terminal, creator, values);
  if (action === 'revoke' && id !== undefined && creator === undefined) return revoke(terminal, id, values);
  throw wrongCall('name one of the actions create, list, revoke ID and revoke --created-by CREATOR', usage);
}

async function create(
  terminal: Terminal,
  { name = '', scopes: scopeList, subject, expires, json }: CreateOptions,
): Promise<void> {
  if (name === '' || name.length > 200) throw new UsageError(`--name must be 1 to 200 characters.\n\n${usage}`);
  if (subject !== undefined && !/^[^\p{Cc}]{1,200}$/u.test(subject)) {
    throw new UsageError('--subject must be 1 to 200 characters without control characters');
  }
  const expiresMs = expires === undefined ? undefined : parseRfc3339(expires);
  if (expires !== undefined && !(expiresMs !== undefined && expiresMs > Date.now())) {
    throw new UsageError(`--expires must be in the future, and ${timeForms.time}`);
  }
  const chosen = parseScopes(scopeList);
  await withEventLog({ terminal }, async ({ pool }) => {
    const created = await createApiKey(pool, {
      name,
      scopes: chosen,
      expiresAt: expiresMs === undefined ? null : new Date(expiresMs).toISOString(),
      createdBy: operator(),
      ...(subject === undefined ? {} : { subject }),
    });
    if (json) return terminal.print(JSON.stringify({ key_id: created.id, subject: created.subject, key: created.key }));
    terminal.notify(`created key ${created.id} of ${created.subject} for ${chosen.join(', ')}. It is not shown again:`);
    terminal.print(created.key);
  });
}

function parseScopes(text = ''): Scope[] {
  const given = text.split(',').filter(Boolean);
  const unknown = given.find((one) => !isScope(one));
  if (given.length === 0 || unknown !== undefined) {
    throw new UsageError(`--scopes must be one or more of ${scopes.join(', ')}${unknown ? `, not "${unknown}"` : ''}`);
  }
  return given.filter(isScope);
}

async function list(terminal: Terminal, json: boolean | undefined): Promise<void> {
  await withEventLog({ terminal }, async ({ pool }) => {
    const keys = await listApiKeys(pool);
    if (json) return terminal.print(JSON.stringify(keys.map(apiKeyDocument)));
    const rows = keys.map(({ id, name, subject, scopes: granted, ...times }) => {
      const { createdAt, createdBy, expiresAt, revokedAt } = times;
      const end = revokedAt
        ? `revoked ${toSeconds(revokedAt)}`
        : expiresAt
          ? `expires ${toSeconds(expiresAt)}`
          : 'does not expire';
      return [`ok_${id}_…`, name, subject, granted.join(','), toSeconds(createdAt), createdBy ?? 'unknown', end];
    });
    const header = ['key', 'name', 'subject', 'scopes', 'created', 'created by', 'ends'];
    if (rows.length === 0) return terminal.notify('there is no key: `orders keys create` creates one');
    for (const line of alignColumns([header, ...rows], { whole: [0, 5], screen: terminal.columns }))
      terminal.print(line);
  });
}

interface RevokeOptions {
  readonly yes?: boolean;
  readonly json?: boolean;
}

const idOfKey = (text: string): string | undefined => /^(?:ok_)?([0-9a-z]{12})(?:_|$)/.exec(text)?.[1];

async function revoke(terminal: Terminal, text: string, { yes, json }: RevokeOptions): Promise<void> {
  const id = idOfKey(text);
  if (id === undefined) throw new UsageError('the ID of a key has 12 letters and digits: see `orders keys list`');
  await confirm(terminal, `Clients with the key ${id} will be refused for good.`, yes);
  await withEventLog({ terminal }, async ({ pool }) => {
    if (!(await revokeApiKey(pool, id))) throw new UsageError(`there is no key ${id}, or it was revoked already`);
    terminal.print(json ? JSON.stringify({ key_id: id, revoked: true }) : `revoked key ${id}`);
  });
}

async function revokeAll(terminal: Terminal, text: string, { yes, json }: RevokeOptions): Promise<void> {
  const creator = text.startsWith('ok_') ? (idOfKey(text) ?? text) : text;
  await withEventLog({ terminal }, async ({ pool }) => {
    const found = createdThrough(await listApiKeys(pool), creator).filter(({ revokedAt }) => revokedAt === null);
    if (found.length === 0) throw new UsageError(`${creator} has created no key that is not revoked`);
    const names = found.map(({ id, name }) => `${id} (${name})`).join(', ');
    await confirm(terminal, `Clients with these keys will be refused for good: ${names}.`, yes);
    const { revoked, isOver } = await revokeCreatedBy(pool, creator);
    if (json) terminal.print(JSON.stringify({ created_by: creator, revoked }));
    else for (const id of revoked) terminal.print(`revoked key ${id}`);
    if (!isOver)
      throw new Error(`${creator} creates keys all the time: end its token at the issuer, then repeat the command`);
  });
}
