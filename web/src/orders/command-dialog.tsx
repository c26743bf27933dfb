import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { newIdempotencyKey } from '../../../client/idempotency-keys.js';
import { api, got, ProblemError } from '../api/client.js';
import type { Order } from '../api/types.js';
import { Button } from '../ui/button.js';
import { Dialog } from '../ui/dialog.js';
import { Checkbox, Input, Select } from '../ui/field.js';
import { Icon } from '../ui/icon.js';
import { Failure } from '../ui/states.js';
import { toast } from '../ui/toast.js';
import { commandBody, initialValues, type Values } from './command-body.js';
import { type CommandName, commandSpec, type FieldSpec } from './command-specs.js';
import { LinesEditor } from './lines-editor.js';
import { UnitsField } from './units-field.js';

interface CommandDialogProps {
  readonly name: CommandName;
  readonly order: Order;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

/**
 * The form of a command. It is meant for the version on the screen (If-Match): if the order has
 * changed meanwhile, the service refuses, and the form says so.
 */
export function CommandDialog({ name, order, onClose, onDone }: CommandDialogProps) {
  // The form belongs to the order as it was when the form was opened.
  const [meant] = useState(order);
  const spec = useMemo(() => commandSpec(name, meant), [name, meant]);
  const [values, setValues] = useState(() => initialValues(spec.fields, meant));
  const [error, setError] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const idempotencyKey = useMemo(newIdempotencyKey, []);

  const run = async () => {
    setBusy(true);
    setError(undefined);
    try {
      await got(
        api.POST(`/orders/{order_id}/${name}` as '/orders/{order_id}/note', {
          params: {
            path: { order_id: meant.order_id },
            header: { 'If-Match': `"${meant.version}"`, 'Idempotency-Key': idempotencyKey, Prefer: 'wait=5' },
          },
          // The service validates the body, and names each field that is wrong.
          body: commandBody(spec.fields, values, meant) as { text: string },
        }),
      );
      toast(`${spec.title}: done`);
      onDone();
      onClose();
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };

  return (
    <Dialog title={spec.title} onClose={onClose} isWide={spec.fields.some(({ kind }) => kind === 'lines')}>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          void run();
        }}
      >
        <p class="muted">{spec.about}</p>
        {spec.fields.map((field) => (
          <CommandField key={field.name} field={field} values={values} onChange={setValues} />
        ))}
        {error !== undefined && <Refusal error={error} order={meant} />}
        <div class="form-buttons">
          <Button onClick={onClose}>Close</Button>
          <Button kind={spec.isDangerous ? 'danger' : 'primary'} type="submit" icon={spec.icon} isBusy={isBusy}>
            {spec.title}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

/** Why the service refused the command, and what the order allows instead. */
function Refusal({ error, order }: { readonly error: unknown; readonly order: Order }) {
  const refusal = useRef<HTMLDivElement>(null);
  // In a long form it would be out of sight.
  useEffect(() => refusal.current?.scrollIntoView({ block: 'nearest' }), [error]);
  const allowed = error instanceof ProblemError ? error.problem.allowed_commands : undefined;
  const titles = allowed
    ?.filter((name): name is CommandName => name !== 'place')
    .map((name) => commandSpec(name, order).title);
  const isOutdated = error instanceof ProblemError && error.problem.status === 412;
  return (
    <div class="stack" ref={refusal}>
      {isOutdated ? (
        <p class="notice bad" role="alert">
          <Icon name="warning" size={16} />
          Somebody has changed the order since you opened this form. Close it to see the order as it is.
        </p>
      ) : (
        <Failure error={error} />
      )}
      {titles && <p>The order now allows: {titles.join(', ') || 'nothing'}.</p>}
    </div>
  );
}

interface CommandFieldProps {
  readonly field: FieldSpec;
  readonly values: Values;
  readonly onChange: (values: Values) => void;
}

function CommandField({ field, values, onChange }: CommandFieldProps) {
  const setText = (text: string) => onChange({ ...values, texts: { ...values.texts, [field.name]: text } });
  switch (field.kind) {
    case 'check':
      return (
        <Checkbox
          label={field.label}
          hint={field.hint}
          isChecked={values.checks[field.name] ?? false}
          onChange={(isOn) => onChange({ ...values, checks: { ...values.checks, [field.name]: isOn } })}
        />
      );
    case 'select':
      return (
        <Select label={field.label} value={values.texts[field.name] ?? ''} options={field.options} onChange={setText} />
      );
    case 'lines':
      return <LinesEditor lines={values.lines} onChange={(lines) => onChange({ ...values, lines })} />;
    case 'units':
      return <UnitsField field={field} units={values.units} onChange={(units) => onChange({ ...values, units })} />;
    default:
      return (
        <Input
          label={field.label}
          hint={field.hint}
          isOptional={!field.isRequired}
          isRequired={field.isRequired}
          isLong={field.kind === 'long'}
          inputMode={field.kind === 'money' ? 'decimal' : 'text'}
          value={values.texts[field.name] ?? ''}
          onInput={setText}
        />
      );
  }
}
