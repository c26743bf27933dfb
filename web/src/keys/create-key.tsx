import { useState } from 'preact/hooks';
import { api, got } from '../api/client.js';
import { may } from '../api/session.js';
import { allScopes, type Scope } from '../api/types.js';
import { Button } from '../ui/button.js';
import { Dialog } from '../ui/dialog.js';
import { Checkbox, Input } from '../ui/field.js';
import { Failure } from '../ui/states.js';

const meanings: Readonly<Record<Scope, string>> = {
  'orders:read': 'Read all orders and follow changes',
  'orders:read:own': 'Read the orders whose customer is the actor of the key',
  'orders:write': 'Send commands',
  'orders:import': 'Say when commands happened',
  'metrics:read': 'Read figures and the state of projections',
  'audit:read': 'Read and verify the log, proofs and checkpoints',
  admin: 'Projections, webhooks, keys and this system',
};

interface CreateKeyProps {
  readonly onClose: () => void;
  readonly onCreated: (key: string) => void;
}

/** A form that creates a key. It offers only scopes that the caller has itself. */
export function CreateKey({ onClose, onCreated }: CreateKeyProps) {
  const [name, setName] = useState('');
  const [subject, setSubject] = useState('');
  const [expires, setExpires] = useState('');
  const [scopes, setScopes] = useState<ReadonlySet<Scope>>(new Set());
  const [error, setError] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const create = async () => {
    setBusy(true);
    setError(undefined);
    try {
      const { key } = await got(
        api.POST('/keys', {
          body: {
            name: name.trim(),
            scopes: allScopes.filter((scope) => scopes.has(scope)),
            ...(subject.trim() === '' ? {} : { subject: subject.trim() }),
            ...(expires === '' ? {} : { expires_at: new Date(`${expires}T00:00:00`).toISOString() }),
          },
        }),
      );
      onCreated(key);
    } catch (failure) {
      setError(failure);
      setBusy(false);
    }
  };
  return (
    <Dialog title="Create a key" onClose={onClose}>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          void create();
        }}
      >
        <Input label="Name" value={name} onInput={setName} isRequired hint="Whose key it is, or what it is for." />
        <Input
          label="Actor"
          value={subject}
          onInput={setSubject}
          isOptional
          hint="The name in the events of this key. A key that replaces another one keeps its actor."
        />
        <fieldset class="units-field">
          <legend>Scopes</legend>
          {allScopes
            .filter((scope) => may(scope))
            .map((scope) => (
              <Checkbox
                key={scope}
                label={scope}
                hint={meanings[scope]}
                isChecked={scopes.has(scope)}
                onChange={(isOn) => {
                  const changed = new Set(scopes);
                  if (isOn) changed.add(scope);
                  else changed.delete(scope);
                  setScopes(changed);
                }}
              />
            ))}
        </fieldset>
        <Input label="Valid until" type="date" value={expires} onInput={setExpires} isOptional />
        {error !== undefined && <Failure error={error} />}
        <div class="form-buttons">
          <Button onClick={onClose}>Close</Button>
          <Button kind="primary" type="submit" isBusy={isBusy}>
            Create
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
