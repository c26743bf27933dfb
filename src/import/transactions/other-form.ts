import type { CommandRequest } from '../../commands/command-request.js';

/**
 * The forms of the keys of payments and refunds, by what follows the order's key. Without an id the
 * key ends there. `paid-in-part` is a payment that left something due, which `paid` then pays.
 * `refund` is the money of a return (`--returns negative`).
 */
type Form = 'paid' | 'paid-in-part' | 'paid/' | 'refunded' | 'refunded/' | 'refund/';

/** By a form under which the log may have the same money already, the reason of the refusal. */
type OtherForms = Readonly<Partial<Record<Form, string>>>;

const withoutId = (kind: string) =>
  `an earlier import without ${kind}_id has recorded money of this order, which ${kind}_id would record once ` +
  `more: leave ${kind}_id out of --map, --set and --default, or its column out of the file if --preset reads it, ` +
  `and send ${kind}s that are missing by the API`;
const withId = (kind: string) =>
  `an earlier import with ${kind}_id has recorded money of this order, which would be recorded once more: ` +
  `--map ${kind}_id=COLUMN as before`;

const inFull =
  'an earlier import has recorded that all of the order was paid, but this file has only a part of it: import the ' +
  'later export of the order';

const otherColumn = (kind: string) =>
  `an earlier import with another column for ${kind}_id has recorded money of this order, which might be recorded ` +
  `once more: --map ${kind}_id=COLUMN as before, with the same name in the header. Send ${kind}s through the API ` +
  'if only another column tells them apart';
/** By the forms with an id of the file. */
const otherColumns: Readonly<Partial<Record<Form, string>>> = {
  'paid/': otherColumn('payment'),
  'refunded/': otherColumn('refund'),
};

/** A file may have returns and a refund of the whole order, so these two may coexist. */
const otherForms: Readonly<Record<Form, OtherForms>> = {
  paid: { 'paid/': withId('payment') },
  'paid-in-part': { paid: inFull, 'paid/': withId('payment') },
  'paid/': { paid: withoutId('payment'), 'paid-in-part': withoutId('payment') },
  refunded: { 'refunded/': withId('refund') },
  'refunded/': { refunded: withoutId('refund'), 'refund/': withoutId('refund') },
  'refund/': { 'refunded/': `${withId('refund')}, without --returns negative` },
};

/**
 * Finds out that the log has the payments, or the refunds, of an order under keys of another form,
 * or with ids of another column: the mapping has changed since the order was imported, and the
 * money would be recorded twice. The keys are those of the events that each command loads anyway.
 */
export function refusalByOtherForm({ idempotencyKey }: CommandRequest): CommandRequest['refusalAfter'] {
  const own = formOf(idempotencyKey);
  if (!own) return undefined;
  return (handledKey) => {
    const earlier = formOf(handledKey);
    if (!earlier || earlier.order !== own.order) return undefined;
    const reason = otherForms[own.form][earlier.form];
    if (reason !== undefined) return reason;
    return earlier.form === own.form && earlier.idColumn !== own.idColumn ? otherColumns[own.form] : undefined;
  };
}

/**
 * Looks for a key with an id first, since an id may be one of the words too. The key of an order
 * does not end with a slash and one of them.
 */
function formOf(key = ''): { readonly order: string; readonly form: Form; readonly idColumn: string } | undefined {
  const [, order = '', form = '', id = ''] =
    /^(.*)\/((?:paid|refunded|refund)\/)([^/]+)$/.exec(key) ?? /^(.*)\/(paid|paid-in-part|refunded)$/.exec(key) ?? [];
  const [, idColumn = ''] = id.split('@');
  return isForm(form) ? { order, form, idColumn } : undefined;
}

function isForm(text: string): text is Form {
  return Object.hasOwn(otherForms, text);
}
