import { type Block, blocksOf } from './document-blocks.js';

/** Blocks of one document that one test runs. Marked blocks are never among them. */
interface Selection {
  readonly page: string;
  /** The languages of the blocks, separated by spaces; `none` stands for blocks that name none. */
  readonly languages: string;
  /** Only blocks below these headings. By default all. */
  readonly under?: readonly string[];
  /** All but the blocks below these headings. */
  readonly except?: readonly string[];
}

/**
 * The tests that run the blocks of the documents, or the file that several of them share. Each
 * takes its blocks from this table by `blocksRunBy`, so it cannot run fewer than the table says. A
 * block that is neither here nor has a mark fails `test/docs/block-runs.unit.test.ts`.
 */
export const blockRuns: Readonly<Record<string, readonly Selection[]>> = {
  'test/client/package.slow.test.ts': [{ page: 'client/README.md', languages: 'ts' }],
  'test/docs/audit.unit.test.ts': [
    { page: 'docs/audit.md', languages: 'none json', except: ['The signed checkpoint'] },
  ],
  'test/docs/backup-and-restore.test.ts': [
    { page: 'docs/backup-and-restore.md', languages: 'sh none' },
    { page: 'docs/audit.md', languages: 'none', under: ['The signed checkpoint'] },
  ],
  'test/docs/client.test.ts': [
    { page: 'client/README.md', languages: 'ts' },
    { page: 'docs/http-guide.md', languages: 'ts' },
  ],
  'test/docs/commands.test.ts': [
    { page: 'README.md', languages: 'sh' },
    { page: 'docs/access.md', languages: 'sh', under: ['API keys'] },
    { page: 'docs/audit.md', languages: 'sh' },
    { page: 'docs/command-line.md', languages: 'sh' },
    { page: 'docs/deployment.md', languages: 'sh' },
    { page: 'docs/import.md', languages: 'sh', except: ['Several payments or refunds'] },
    { page: 'docs/operations.md', languages: 'sh' },
    { page: 'docs/privacy.md', languages: 'json' },
  ],
  'test/docs/contributing.unit.test.ts': [{ page: 'CONTRIBUTING.md', languages: 'text' }],
  'test/docs/import.unit.test.ts': [
    { page: 'docs/import.md', languages: 'text sh', under: ['Several payments or refunds'] },
  ],
  'test/docs/new-projection.slow.test.ts': [{ page: 'docs/new-projection.md', languages: 'ts diff sh' }],
  'test/docs/orders.test.ts': [{ page: 'docs/orders.md', languages: 'recipe' }],
  'test/docs/orders.unit.test.ts': [{ page: 'docs/orders.md', languages: 'mermaid' }],
  'test/docs/readme.test.ts': [
    { page: 'README.md', languages: 'console' },
    { page: 'docs/getting-started.md', languages: 'console' },
    { page: 'docs/http-guide.md', languages: 'console sh' },
  ],
  'test/docs/settings.unit.test.ts': [
    { page: 'docs/access.md', languages: 'sh', except: ['API keys'] },
    { page: 'docs/servers.md', languages: 'sh' },
  ],
  'test/docs/sql.test.ts': [
    { page: 'docs/analysis.md', languages: 'sql', under: ['Access'] },
    { page: 'docs/audit.md', languages: 'sql' },
    { page: 'docs/database-roles.md', languages: 'sql sh' },
    { page: 'docs/servers.md', languages: 'sql' },
  ],
  'test/docs/webhooks.test.ts': [{ page: 'docs/webhooks.md', languages: 'sh none js ts' }],
  'test/analysis/views.test.ts': [{ page: 'docs/analysis.md', languages: 'sql', under: ['Examples'] }],
  'test/support/nginx.ts': [{ page: 'docs/access.md', languages: 'nginx' }],
  'test/ops/deployment.unit.test.ts': [{ page: 'docs/deployment.md', languages: 'yaml' }],
};

/** The blocks that a test runs. @param page only those of this document */
export function blocksRunBy(test: string, page?: string): Block[] {
  const selections = (blockRuns[test] ?? []).filter((one) => page === undefined || one.page === page);
  const blocks = selections.flatMap(blocksOfSelection);
  if (blocks.length === 0) throw new Error(`${test} runs no block of ${page ?? 'any document'}`);
  return blocks;
}

function blocksOfSelection({ page, languages, under, except }: Selection): Block[] {
  const wanted = languages.split(' ').map((language) => (language === 'none' ? '' : language));
  return blocksOf(page).filter(
    ({ language, heading, notRun }) =>
      notRun === undefined &&
      wanted.includes(language) &&
      (under?.includes(heading) ?? true) &&
      !(except?.includes(heading) ?? false),
  );
}
