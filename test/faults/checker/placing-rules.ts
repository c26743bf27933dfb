import { decimalsOf, parseDecimal } from './amounts.js';
import type { CommandBody, Decision } from './commands.js';
import type { EventData, EventLine } from './fold.js';
import { type OrderState, statusOf } from './state.js';

/** Placing an order, and amending one: docs/orders.md, "Money" and "Statuses and commands". */
export function placeOrAmend(state: OrderState | undefined, body: CommandBody): Decision {
  return state ? amend(state, body) : place(body);
}

const rejected = (reason: string): Decision => ({ outcome: 'rejected', reason });

function place(body: CommandBody): Decision {
  const currency = body.currency ?? 'USD';
  const lines = linesOf(body, currency);
  const adjustments = adjustmentsOf(body, currency);
  if (!lines || !adjustments) return rejected('an amount has too many decimals');
  const total = totalOf(lines, adjustments, body, currency);
  if (total === null) return rejected('the total is missing, or is not the sum');
  const data: EventData = {
    user_id: body.user_id ?? '',
    currency,
    total_minor: Number(total),
    items: lines as EventData['items'] & object,
    metadata: body.metadata ?? {},
    ...(body.reference === undefined ? {} : { reference: body.reference }),
    ...(adjustments.length === 0 ? {} : { adjustments }),
  };
  return { outcome: 'event', type: 'OrderPlaced', data };
}

function amend(state: OrderState, body: CommandBody): Decision {
  const changesMoney = Boolean(body.items ?? body.item_ids ?? body.adjustments ?? body.total_amount);
  if (changesMoney && (state.lines.some((line) => line.shipped > 0) || statusOf(state) === 'cancelled'))
    return rejected('units were shipped, or the order is cancelled');
  if (!changesMoney && body.reference === undefined && !body.metadata) return rejected('nothing to change');
  if (state.erased && body.metadata) return rejected('the person was forgotten');
  const data: EventData = { reason: body.reason ?? null };
  if (body.reference !== undefined) data.reference = body.reference;
  if (body.metadata) data.metadata = body.metadata;
  if (changesMoney) {
    const { currency } = state;
    const given = body.items || body.item_ids ? linesOf(body, currency) : undefined;
    const adjustments = body.adjustments
      ? adjustmentsOf(body, currency)
      : state.adjustments.map(({ amount, ...rest }) => ({ ...rest, amount_minor: Number(amount) }));
    if (given === null || !adjustments) return rejected('an amount has too many decimals');
    const total = totalOf(given ?? linesOfState(state), adjustments, body, currency);
    if (total === null) return rejected('the total is missing, or is not the sum');
    if (total < state.credited) return rejected('less than was credited');
    data.total_minor = Number(total);
    if (given) data.items = given as EventData['items'] & object;
    if (adjustments.length > 0) data.adjustments = adjustments;
  }
  return { outcome: 'event', type: 'OrderAmended', data };
}

function linesOf(body: CommandBody, currency: string): EventLine[] | null {
  if (body.item_ids) {
    const counts = new Map<string, number>();
    for (const item of body.item_ids) counts.set(item, (counts.get(item) ?? 0) + 1);
    return [...counts].map(([item_id, quantity]) => ({ item_id, quantity, unit_price_minor: null }));
  }
  const lines: EventLine[] = [];
  for (const { item_id = '', line_id, quantity, unit_price } of body.items ?? []) {
    const line = { item_id, quantity, ...(line_id === undefined ? {} : { line_id }) };
    if (unit_price === undefined) {
      lines.push({ ...line, unit_price_minor: null });
      continue;
    }
    const minor = parseDecimal(unit_price, decimalsOf(currency));
    const micro = parseDecimal(unit_price, 6);
    if (micro === null || (micro * BigInt(quantity)) % 10n ** BigInt(6 - decimalsOf(currency)) !== 0n) return null;
    if (minor !== null) lines.push({ ...line, unit_price_minor: Number(minor) });
    else lines.push({ ...line, unit_price_minor: null, unit_price_micro: Number(micro) });
  }
  return lines;
}

function linesOfState(state: OrderState): EventLine[] {
  return state.lines.map((line) => ({
    item_id: line.itemId,
    quantity: line.quantity,
    unit_price_minor: null,
    ...(line.price === null ? {} : { unit_price_micro: Number(line.price) }),
  }));
}

function adjustmentsOf(body: CommandBody, currency: string) {
  const adjustments: { type: string; amount_minor: number; description?: string }[] = [];
  for (const { type, amount, description } of body.adjustments ?? []) {
    const minor = parseDecimal(amount, decimalsOf(currency));
    if (minor === null) return null;
    adjustments.push({ type, amount_minor: Number(minor), ...(description === undefined ? {} : { description }) });
  }
  return adjustments;
}

/** The sum of lines and adjustments if all lines have prices, else the given total; or null. */
function totalOf(
  lines: readonly EventLine[],
  adjustments: readonly { amount_minor: number }[],
  body: CommandBody,
  currency: string,
): bigint | null {
  const given = body.total_amount === undefined ? undefined : parseDecimal(body.total_amount, decimalsOf(currency));
  if (given === null) return null;
  const micros = 10n ** BigInt(6 - decimalsOf(currency));
  let sum = adjustments.reduce((all, one) => all + BigInt(one.amount_minor) * micros, 0n);
  for (const { unit_price_minor, unit_price_micro, quantity } of lines) {
    if (unit_price_micro !== undefined) sum += BigInt(unit_price_micro) * BigInt(quantity);
    else if (unit_price_minor !== null) sum += BigInt(unit_price_minor) * micros * BigInt(quantity);
    else return given ?? null;
  }
  if (sum % micros !== 0n || sum < 0n) return null;
  return given === undefined || given === sum / micros ? sum / micros : null;
}
