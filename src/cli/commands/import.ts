import { stat } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { createCommandHandlers } from '../../commands/command-handlers.js';
import { readConfig } from '../../config.js';
import { openServers } from '../../embedded/embedded.js';
import { createAppender } from '../../event-log/append/group-commit.js';
import { createPool, readLogSettings } from '../../event-log/database.js';
import { createHeadsNotifier } from '../../event-log/heads/notify-heads.js';
import { migrate } from '../../event-log/migrate.js';
import { createStreamReader } from '../../event-log/read/read-stream.js';
import { type CsvMapping, datePattern, mappableFields, parseAssignments } from '../../import/csv-mapping.js';
import { importFile, rejectedFile } from '../../import/import-file.js';
import { readCsv, readNdjson } from '../../import/input-lines.js';
import { utcTime } from '../../orders/values/utc-time.js';
import { openPersonKeys } from '../../privacy/master-key.js';
import { createOpenedStreamReader } from '../../privacy/sealed-events.js';
import { createLogger } from '../../service/logger.js';
import { readArguments } from '../terminal/arguments.js';
import { UsageError } from '../terminal/errors.js';
import { ProgressBar } from '../terminal/progress-bar.js';

const usage = `orders import FILE [options]

  FILE is NDJSON, a command a line as in POST /orders/batch, or CSV with a header line.

  --format ndjson|csv      by default what the file's name says
  --map FIELD=COLUMN,…     CSV: which column each field of the order comes from
                           fields: ${mappableFields.join(', ')}, metadata.NAME
  --set FIELD=VALUE,…      CSV: fields that are the same in every order
  --date-format FORMAT     CSV: how occurred_at is written, made of YYYY MM DD HH mm ss, in UTC; by default RFC 3339
  --delimiter CHARACTER    CSV: by default a comma
  --source NAME            names the file for ever, by default its own name: line N of NAME is imported once
  --restart                begin at the first line, instead of where an interrupted import had got to

  Rejected lines go, with number and reason, to FILE.rejected.ndjson. After a kill, the same command carries on.`;

/** `orders import`: reads orders from a file into the event log, through the same checks as a request. */
export async function importCommand(args: string[]): Promise<void> {
  const { values, positionals } = readArguments(args, usage, options);
  const [file] = positionals;
  if (values.help) {
    console.log(usage);
    return;
  }
  if (file === undefined || positionals.length > 1) throw new UsageError(usage);
  const size = (await stat(file)).size;
  const source = values.source ?? basename(file);
  if (!/^[\x20-\x7e]{1,150}$/.test(source))
    throw new UsageError('--source has to be 1 to 150 printable ASCII characters');
  const format = values.format ?? (extname(file).toLowerCase() === '.csv' ? 'csv' : 'ndjson');
  const mapping = format === 'csv' ? readMapping(values) : undefined;

  const config = readConfig(process.env);
  const servers = await openServers(config, (text) => console.error(`orders: ${text}`), 'join');
  const log = await createLogger(config.logLevel === 'info' ? 'warn' : config.logLevel);
  try {
    await migrate(servers.migrationDatabaseUrl, config.partitions);
    const pool = createPool(servers.databaseUrl, config.poolSize, log);
    const settings = await readLogSettings(pool);
    const personKeys = await openPersonKeys(pool, config.personalDataKeyFile);
    const handlers = createCommandHandlers({
      readStream: createOpenedStreamReader(personKeys, createStreamReader(pool, settings.partitions)),
      personKeys,
      ...createAppender(pool, settings, { onHeadMoved: createHeadsNotifier(pool, log) }),
      now: () => utcTime(Date.now()),
    });
    let bar: ProgressBar | undefined;
    let before = 0;
    try {
      const result = await importFile({
        file,
        source,
        read: (from) => (mapping ? readCsv(file, from, mapping, values.delimiter ?? ',') : readNdjson(file, from)),
        handlers,
        defaultCurrency: config.defaultCurrency,
        restart: values.restart ?? false,
        onProgress: (progress) => {
          const done = progress.imported + progress.alreadyThere + progress.rejected;
          if (!bar) {
            before = done;
            bar = new ProgressBar('lines', before > 0 ? progress.position.bytes / size : 0);
            if (before > 0)
              console.error(`orders: carrying on after ${before.toLocaleString('en')} lines of an interrupted import`);
          }
          bar.update(progress.position.bytes / Math.max(size, 1), done - before);
        },
      });
      bar?.end();
      const seconds = bar?.elapsedSeconds() ?? 0;
      const lines = result.imported + result.alreadyThere + result.rejected;
      const rate = Math.round((lines - before) / Math.max(seconds, 0.001));
      const count = (number: number) => number.toLocaleString('en');
      console.log(
        `${count(lines)} lines: ${count(result.imported)} imported, ${count(result.alreadyThere)} already there, ` +
          `${count(result.rejected)} rejected; ${seconds.toFixed(1)} s, ${count(rate)} lines/s`,
      );
      if (result.rejected > 0) {
        console.log(`the rejected lines, with reasons: ${rejectedFile(file)}`);
        process.exitCode = 3;
      }
    } finally {
      bar?.end();
      await pool.end();
    }
  } finally {
    await servers.stop();
  }
}

const options = {
  format: { type: 'string' },
  map: { type: 'string' },
  set: { type: 'string' },
  'date-format': { type: 'string' },
  delimiter: { type: 'string' },
  source: { type: 'string' },
  restart: { type: 'boolean' },
} as const;

function readMapping(values: { map?: string; set?: string; 'date-format'?: string; delimiter?: string }): CsvMapping {
  if (!values.map) throw new UsageError(`a CSV file needs --map\n\n${usage}`);
  try {
    const dateFormat = values['date-format'];
    if (dateFormat !== undefined) datePattern(dateFormat);
    return {
      columns: parseAssignments(values.map, '--map'),
      constants: values.set ? parseAssignments(values.set, '--set') : new Map(),
      dateFormat,
    };
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
