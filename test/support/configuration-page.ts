import { readFileSync } from 'node:fs';
import { projectPath } from '../../src/project-path.js';

/** The path of the page about the configuration. */
export const configurationPage = projectPath('docs', 'configuration.md');

/** A variable of .env.example. */
export interface DescribedVariable {
  readonly name: string;
  /** The default, in the words of its comment. */
  readonly preset: string;
  readonly text: string;
}

const head = `# Configuration

The service is configured by environment variables, or by a file \`.env\` in its working directory
with one \`NAME=value\` per line. The environment wins. All variables are optional. An empty value
means that the variable is not set.

A process reads its configuration when it starts: after a change, restart it. All processes of one
service should have the same configuration, apart from \`ORDERS_ROLES\`, \`HOST\` and \`PORT\`. A value
that is not allowed, and a variable whose name is one or two letters off, ends the start with a
sentence that names the variable.

\`npm run docs\` writes this page from [.env.example](../.env.example). Limits that cannot be
configured are in [limits.md](limits.md).
`;

/** The text of docs/configuration.md. */
export function freshConfigurationPage(): string {
  const sections = describedVariables().map(
    ({ heading, variables }) => `
## ${heading}

| variable | default | meaning |
|---|---|---|
${variables.map(({ name, preset, text }) => `| \`${name}\` | ${preset} | ${linked(text)} |`).join('\n')}
`,
  );
  return `${head}${sections.join('')}`;
}

/** The variables of .env.example by section, in its order. */
export function describedVariables(): { heading: string; variables: DescribedVariable[] }[] {
  const sections: { heading: string; variables: DescribedVariable[] }[] = [];
  let comment: string[] = [];
  for (const line of readFileSync(projectPath('.env.example'), 'utf8').split('\n')) {
    const heading = /^# --- (.*) ---$/.exec(line)?.[1];
    const name = /^([A-Z_]+)=/.exec(line)?.[1];
    if (heading !== undefined) sections.push({ heading, variables: [] });
    else if (name !== undefined) sections.at(-1)?.variables.push(described(name, comment.join(' ')));
    if (line.startsWith('# ') && heading === undefined) comment.push(line.slice(2));
    else comment = [];
  }
  return sections;
}

/** The text as a cell of a table, with links to the pages that it names. */
function linked(text: string): string {
  return text.replaceAll('|', '\\|').replace(/\bdocs\/([a-z-]+\.md)/g, '[$1]($1)');
}

function described(name: string, comment: string): DescribedVariable {
  const [, text, preset] = /^(.*?)(?: Default: (.*)\.)?$/s.exec(comment) ?? [];
  return { name, preset: preset ?? 'none', text: text ?? comment };
}
