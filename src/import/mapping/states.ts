/** The steps of an order's life that a file may date, in the order in which they usually happen. */
export const steps = ['paid', 'processed', 'shipped', 'delivered', 'cancelled', 'refunded'] as const;
export type Step = (typeof steps)[number];

/** The states that shops export, as the step that leads to them. Null if none does. */
const states: Readonly<Record<string, Step | null>> = {
  ...{ pending: null, open: null, new: null, created: null, unpaid: null, unfulfilled: null, authorized: null },
  ...{ not_fulfilled: null, not_paid: null, awaiting: null, on_hold: null, pending_payment: null },
  ...{ paid: 'paid', captured: 'paid', approved: 'paid' },
  ...{ processing: 'processed', processed: 'processed', invoiced: 'processed' },
  ...{ shipped: 'shipped', fulfilled: 'shipped' },
  ...{ delivered: 'delivered', completed: 'delivered', complete: 'delivered' },
  ...{ cancelled: 'cancelled', canceled: 'cancelled' },
  refunded: 'refunded',
};

/**
 * The step that leads to a state: null if none does, and undefined if the state is unknown.
 * @param meanings the states of --states, in lower case.
 */
export function stepOf(state: string, meanings: ReadonlyMap<string, Step | null>): Step | null | undefined {
  const name = nameOf(state);
  const given = meanings.get(name);
  if (given !== undefined) return given;
  return Object.hasOwn(states, name) ? states[name] : undefined;
}

/** Reads --states. Throws Error with a message for the user. */
export function statesOf(given: Iterable<readonly [state: string, meaning: string]>): Map<string, Step | null> {
  const meanings = new Map<string, Step | null>();
  for (const [state, meaning] of given) {
    const step = steps.find((one) => one === meaning);
    if (!step && meaning !== 'none') throw new Error(`--states ${state}=${meaning}: use ${steps.join(', ')} or none`);
    meanings.set(nameOf(state), step ?? null);
  }
  return meanings;
}

function nameOf(state: string): string {
  return state.toLowerCase().replace(/[\s-]+/g, '_');
}
