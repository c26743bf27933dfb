import { expect } from 'chai';
import { coordinatorFiles, tablePlacement } from '../../../src/event-log/citus/table-placement.js';
import { readSchema } from '../../../src/event-log/sql-files.js';
import { readSources } from '../../architecture/source-tree.js';

/**
 * The statements on all partitions at once, by file: the beginning of each. They run on all servers
 * of a distributed database, and fail while one is down.
 */
const onAllPartitions: Readonly<Record<string, readonly string[]>> = {
  // Every second, and of each partition by itself while a server is down.
  'event-log/heads/read-heads.ts': ['select h.partition, h.head'],
  // Names the partition or all of them, by its parameter. Citus's own log shows which it is.
  'event-log/heads/read-log-state.ts': ['select h.partition, h.head'],
  // Verification finds the partitions that the log has, whatever its settings say.
  'audit/verify-log.ts': ['select min(e.partition)'],
  // Not used if the tables are distributed: readPartition reads each partition by itself.
  'event-log/read/read-partitions.ts': ['from unnest($1::smallint[], $2::bigint[])'],
  // Operators ask for whole webhooks, and rarely.
  'webhooks/webhook-sums.ts': ['sum(h.head', 'as pending', 'as dead_letters'],
  'webhooks/webhook-store.ts': [
    'insert into webhook_checkpoints',
    'delete from webhook_checkpoints',
    'delete from webhook_deliveries',
    'select d.partition, d.position',
  ],
};

const tables = tablePlacement.distributed.join('|');
/** A table in a statement, with the name that it has there. */
const mention = new RegExp(
  `\\b(from|join|update|into|using)\\s+(?:only\\s+)?(${tables})\\b(?:\\s+(?!on\\b|where\\b|set\\b|values\\b|select\\b)(\\w+))?`,
  'g',
);

describe('in a distributed database', () => {
  it('each table of the log has its place', async () => {
    const { migrations } = await readSchema();
    const created = [...migrations.map(({ sql }) => sql), readSources().get('event-log/migrate.ts') ?? ''].flatMap(
      (text) => [...text.matchAll(/create table (?:if not exists )?(\w+)/g)].map(([, table]) => table ?? ''),
    );
    const { distributed, reference, coordinator } = tablePlacement;
    expect([...distributed, ...reference, ...coordinator].sort()).to.deep.equal(created.sort());
  });

  it('each distributed table has the partition in all of its keys', async () => {
    const { migrations } = await readSchema();
    const sql = migrations.map((file) => file.sql).join('\n');
    for (const table of tablePlacement.distributed) {
      const [, body = ''] = sql.match(new RegExp(`create table ${table} \\(([\\s\\S]*?)\\n\\);`)) ?? [];
      const keys = [...body.matchAll(/(?:primary key|unique) \(([^)]*)\)|^ *(\w+) \w+ (?:primary key|unique)/gm)];
      expect(keys, table).to.have.length.greaterThan(0);
      for (const [, columns, column] of keys)
        expect((columns ?? column ?? '').split(', '), table).to.include('partition');
    }
  });

  it('each statement of the service names the partition of each table', () => {
    const problems: string[] = [];
    const allowed = new Map(Object.entries(onAllPartitions).map(([file, texts]) => [file, new Set(texts)]));
    for (const [file, source] of readSources()) {
      for (const statement of statementsIn(source)) {
        const unnamed = tablesWithoutPartition(statement);
        if (unnamed.length === 0) continue;
        const exception = [...(allowed.get(file) ?? [])].find((text) => statement.includes(text));
        if (exception !== undefined) allowed.get(file)?.delete(exception);
        else if (!onAllPartitions[file]?.some((text) => statement.includes(text)))
          problems.push(`${file}: ${unnamed.join(', ')} in ${statement.slice(0, 200)}`);
      }
    }
    expect(problems).to.deep.equal([]);
    // An exception that no statement needs any more would hide the next one.
    expect([...allowed].flatMap(([file, texts]) => [...texts].map((text) => `${file}: ${text}`))).to.deep.equal([]);
  });

  it('each statement of the functions that run there names the partition', async () => {
    const { functions, migrations } = await readSchema();
    const bodies = [...functions.filter(({ name }) => /^(append_events|start_epoch)$/.test(name)), ...migrations]
      .filter(({ path, sql }) => sql.includes('language plpgsql') && !coordinatorFiles.includes(path))
      .map(({ path, sql }) => ({ path, body: sql.replace(/--.*$/gm, '') }));
    for (const { path, body } of bodies) {
      for (const statement of body.split(';').filter((text) => !/create trigger|alter table|grant|revoke/.test(text))) {
        expect(tablesWithoutPartition(statement), `${path}: ${statement}`).to.deep.equal([]);
      }
    }
  });
});

/** The SQL texts in a source file: its string and template literals that mention a table. */
function statementsIn(source: string): string[] {
  const code = source.replace(/^\s*(\/\/|\*|\/\*).*$/gm, '');
  return [...code.matchAll(/`((?:[^`\\]|\\.)*)`|'((?:[^'\\\n]|\\.)*)'/g)]
    .map(([, template, string]) => (template ?? string ?? '').replace(/\s+/g, ' '))
    .filter((text) => new RegExp(mention.source).test(text) && /\b(select|insert|update|delete)\b/.test(text));
}

/**
 * The tables of a statement whose partition it does not name by a parameter, a variable or a
 * template's parameter. A join with another table's partition is not enough: Citus finds the shard
 * of each table by a constant.
 */
function tablesWithoutPartition(statement: string): string[] {
  const unnamed: string[] = [];
  for (const [, kind, table = '', alias] of statement.matchAll(mention)) {
    if (kind === 'into' && new RegExp(`into ${table} \\(partition`).test(statement)) {
      // Inserted rows have their partition, unless they are selected from all partitions.
      if (!new RegExp(`into ${table} [^;]*select h\\.partition`).test(statement)) continue;
    }
    const name = alias && alias !== 'for' ? `\\b${alias}\\.` : '(?<![.\\w])';
    const value = String.raw`(\$\d|\$\{|in_partition|event_partition|log\.partition|nth::smallint|new\.partition)`;
    if (!new RegExp(`${name}partition = ${value}`).test(statement)) unnamed.push(table);
  }
  return unnamed;
}
