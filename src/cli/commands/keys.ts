import { createApiKey, listApiKeys, revokeApiKey } from '../../access/api-keys.js';
import { isScope, type Scope, scopes } from '../../access/scopes.js';
import { parseRfc3339 } from '../../http/request/rfc3339.js';
import { withLog } from '../connections.js';
import { readArguments } from '../terminal/arguments.js';
import { UsageError } from '../terminal/errors.js';

const usage = `orders keys create --name NAME --scopes SCOPE,SCOPE [--subject SUBJECT] [--expires TIME]
orders keys list
orders keys revoke ID

  Makes, lists and revokes API keys. A key is shown once, when it is made: only its hash is stored. Its holder sends it as
  Authorization: Bearer ok_…; the service asks for keys where ORDERS_AUTH=required. Revoking takes effect within a second.

  --scopes   ${scopes.join(', ')}
  --subject  the actor in the events of what is done with the key, and the user whose orders orders:read:own shows;
             by default key:ID. A key that replaces another one with the same subject keeps its idempotency.
  --expires  RFC 3339, such as 2030-01-01T00:00:00Z`;

/** `orders keys`: who may call. */
export async function keysCommand(args: string[]): Promise<void> {
  const { values, positionals } = readArguments(args, usage, {
    name: { type: 'string' },
    scopes: { type: 'string' },
    subject: { type: 'string' },
    expires: { type: 'string' },
  });
  if (values.help) return console.log(usage);
  const [action, id, ...more] = positionals;
  if (action === 'create' && id === undefined) return create(values);
  if (action === 'list' && id === undefined) return list();
  if (action === 'revoke' && id !== undefined && more.length === 0) return revoke(id);
  throw new UsageError(usage);
}

async function create(values: { name?: string; scopes?: string; subject?: string; expires?: string }): Promise<void> {
  const { name = '', subject, expires } = values;
  if (name === '' || name.length > 200) throw new UsageError(`--name says whose key it is.\n\n${usage}`);
  if (subject !== undefined && !/^[^\p{Cc}]{1,200}$/u.test(subject)) {
    throw new UsageError('--subject has to be 1 to 200 characters, without control characters');
  }
  const expiresMs = expires === undefined ? undefined : parseRfc3339(expires);
  if (expires !== undefined && !(expiresMs !== undefined && expiresMs > Date.now())) {
    throw new UsageError('--expires has to be a time to come, such as 2030-01-01T00:00:00Z');
  }
  const wanted = chosenScopes(values.scopes);
  await withLog(async ({ pool }) => {
    const expiresAt = expiresMs === undefined ? null : new Date(expiresMs).toISOString();
    const made = await createApiKey(pool, {
      name,
      scopes: wanted,
      expiresAt,
      ...(subject === undefined ? {} : { subject }),
    });
    console.error(`orders: key ${made.id} of ${made.subject}, for ${wanted.join(', ')}. It is shown this once:`);
    console.log(made.key);
  });
}

function chosenScopes(text = ''): Scope[] {
  const given = text.split(',').filter(Boolean);
  const unknown = given.find((one) => !isScope(one));
  if (given.length === 0 || unknown !== undefined) {
    throw new UsageError(
      `--scopes has to be one or more of ${scopes.join(', ')}${unknown ? `, not "${unknown}"` : ''}`,
    );
  }
  return given.filter(isScope);
}

async function list(): Promise<void> {
  await withLog(async ({ pool }) => {
    for (const { id, name, subject, scopes: its, createdAt, expiresAt, revokedAt } of await listApiKeys(pool)) {
      const until = revokedAt ? `revoked ${revokedAt}` : expiresAt ? `until ${expiresAt}` : 'no end';
      console.log(`ok_${id}_…  ${name}  ${subject}  ${its.join(',')}  made ${createdAt}  ${until}`);
    }
  });
}

async function revoke(text: string): Promise<void> {
  const id = /^(?:ok_)?([0-9a-z]{12})(?:_|$)/.exec(text)?.[1];
  if (id === undefined) throw new UsageError('a key’s id has 12 letters and digits: orders keys list shows it');
  await withLog(async ({ pool }) => {
    if (!(await revokeApiKey(pool, id))) throw new UsageError(`there is no key ${id} that is not revoked`);
    console.log(`revoked: key ${id}`);
  });
}
