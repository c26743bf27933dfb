import { readFileSync } from 'node:fs';
import { type CommandName, commandNames } from '../../src/orders/commands.js';
import { type OrderStatus, orderStatuses } from '../../src/orders/totals.js';
import { projectPath } from '../../src/project-path.js';
import { type Explored, explore, smallOrder, triedCommands } from './explore-orders.js';

type Transitions = Map<OrderStatus, Map<CommandName, Set<OrderStatus>>>;

/** Commands that move units. The others change the status of no order. */
const unitCommands: readonly CommandName[] = ['process', 'ship', 'deliver', 'cancel', 'return'];

/** The statuses that commands lead to, found by trying them on all states of small orders. */
function transitions(): Transitions {
  const found: Transitions = new Map();
  const moving = triedCommands.filter(({ command }) => unitCommands.includes(command));
  // Orders of four units reach every transition of units, the first states all of the other
  // commands.
  const explorations = [
    explore([smallOrder(4)], { maxStates: 5_000, maxShipments: 3, commands: moving }),
    explore([smallOrder(2)], { maxStates: 1_500, maxPaidMinor: 1 }),
  ];
  for (const { transitions } of explorations) merge(found, transitions);
  return found;
}

function merge(into: Transitions, more: Explored['transitions']): void {
  for (const [from, ofStatus] of more) {
    const commands = into.get(from) ?? new Map<CommandName, Set<OrderStatus>>();
    into.set(from, commands);
    for (const [command, statuses] of ofStatus) {
      commands.set(command, new Set([...(commands.get(command) ?? []), ...statuses]));
    }
  }
}

function table(all: Transitions): string {
  const rows = orderStatuses.map((from) => {
    const commands = commandNames.flatMap((command) => {
      const to = all.get(from)?.get(command);
      if (!to) return [];
      const others = orderStatuses.filter((status) => status !== from && to.has(status));
      if (others.length === 0) return [`\`${command}\``];
      return [`\`${command}\` → ${[...others, ...(to.has(from) ? ['same'] : [])].join(', ')}`];
    });
    return `| ${from} | ${commands.join('; ')} |`;
  });
  return ['| status | commands that it allows, and the statuses that they lead to |', '|---|---|', ...rows].join('\n');
}

function diagram(all: Transitions): string {
  const edges = orderStatuses.flatMap((from) =>
    orderStatuses.flatMap((to) => {
      if (from === to) return [];
      const commands = commandNames.filter((command) => all.get(from)?.get(command)?.has(to));
      return commands.length === 0 ? [] : [`    ${from} --> ${to}: ${commands.join(', ')}`];
    }),
  );
  return ['```mermaid', 'stateDiagram-v2', '    [*] --> pending: place', ...edges, '```'].join('\n');
}

/** The path of the page about orders. */
export const ordersPage = projectPath('docs', 'orders.md');

/** The page, with the parts that follow from the code generated again. */
export function freshOrdersPage(): string {
  const all = transitions();
  const parts: Readonly<Record<string, string>> = { 'state diagram': diagram(all), transitions: table(all) };
  let page = readFileSync(ordersPage, 'utf8');
  for (const [name, text] of Object.entries(parts)) {
    const [begin, end] = [`<!-- ${name}: made by npm run docs -->`, `<!-- end of ${name} -->`];
    const [before, rest] = page.split(begin);
    const after = rest?.split(end)[1];
    if (before === undefined || after === undefined) throw new Error(`docs/orders.md has no place for: ${name}`);
    page = `${before}${begin}\n\n${text}\n\n${end}${after}`;
  }
  return page;
}

export interface RecipeStep {
  readonly command: string;
  readonly body: object;
  /** Status, payment status and balance. */
  readonly after: string;
}

/** The recipes of docs/orders.md by their headings. A body may take several lines. */
export function recipes(): Map<string, RecipeStep[]> {
  const all = new Map<string, RecipeStep[]>();
  for (const section of readFileSync(ordersPage, 'utf8').split('\n### ').slice(1)) {
    const [title = ''] = section.split('\n');
    const block = /```recipe\n(.*?)```/s.exec(section)?.[1] ?? '';
    const steps = [...block.matchAll(/^(\w+) (\{.*?\})\n→ ([^\n]+)$/gms)];
    all.set(
      title,
      steps.map(([, command = '', body = '', after = '']) => ({ command, body: JSON.parse(body), after })),
    );
  }
  return all;
}
