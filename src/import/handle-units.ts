import type { HandleLines, LineResponse } from '../http/batch/handle-lines.js';
import type { ImportUnit } from './import-unit.js';

/**
 * Sends the commands of units: the first of each together, and then the steps of each order. If
 * `place` is rejected, such as for an order that was imported with other content, its steps are not
 * sent: the order in the log stays as it is. Returns, by unit, the responses to what was sent.
 */
export async function handleUnits(
  units: readonly ImportUnit[],
  handleLines: HandleLines,
): Promise<readonly (readonly LineResponse[])[]> {
  const responses = units.map((): LineResponse[] => []);
  const send = async (from: number, to: number | undefined, wanted: readonly number[]) => {
    const sent = wanted.flatMap((nth) => (units[nth]?.commands ?? []).slice(from, to).map((line) => ({ nth, line })));
    if (sent.length === 0) return;
    const found = await handleLines(sent.map(({ line }) => line));
    for (const [index, { nth }] of sent.entries()) {
      const response = found[index];
      if (response) responses[nth]?.push(response);
    }
  };
  const all = units.map((_, nth) => nth);
  await send(0, 1, all);
  const isRejected = (nth: number) => (responses[nth] ?? []).some((response) => 'problem' in response);
  await send(
    1,
    undefined,
    all.filter((nth) => !(isRejected(nth) && placesOrder(units[nth]))),
  );
  return responses;
}

function placesOrder(unit: ImportUnit | undefined): boolean {
  const input = unit?.commands[0]?.input;
  return input !== undefined && !(input instanceof Uint8Array) && input.command === 'place';
}
