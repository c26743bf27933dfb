import { useState } from 'preact/hooks';
import { api, got } from '../api/client.js';
import { eventTypes } from '../api/types.js';
import { eventName } from '../format/numbers.js';
import { Button } from '../ui/button.js';
import { Dialog } from '../ui/dialog.js';
import { Checkbox, Input } from '../ui/field.js';
import { Failure } from '../ui/states.js';

interface CreateWebhookProps {
  readonly onClose: () => void;
  readonly onCreated: (created: { readonly secret: string }) => void;
}

/** A form that subscribes a URL to events from now on. */
export function CreateWebhook({ onClose, onCreated }: CreateWebhookProps) {
  const [url, setUrl] = useState('');
  const [types, setTypes] = useState<ReadonlySet<string>>(new Set());
  const [error, setError] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const create = async () => {
    setBusy(true);
    setError(undefined);
    try {
      const chosen = eventTypes.filter((type) => types.has(type));
      const body = { url: url.trim(), ...(chosen.length === 0 ? {} : { event_types: chosen }) };
      onCreated(await got(api.POST('/webhooks', { body })));
    } catch (failure) {
      setError(failure);
      setBusy(false);
    }
  };
  return (
    <Dialog title="Subscribe a URL" onClose={onClose}>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          void create();
        }}
      >
        <Input
          label="URL"
          type="url"
          value={url}
          onInput={setUrl}
          isRequired
          placeholder="https://shop.example/orders"
        />
        <fieldset class="units-field">
          <legend>Events; without a choice, all</legend>
          {eventTypes.map((type) => (
            <Checkbox
              key={type}
              label={eventName(type)}
              isChecked={types.has(type)}
              onChange={(isOn) => {
                const changed = new Set(types);
                if (isOn) changed.add(type);
                else changed.delete(type);
                setTypes(changed);
              }}
            />
          ))}
        </fieldset>
        {error !== undefined && <Failure error={error} />}
        <div class="form-buttons">
          <Button onClick={onClose}>Close</Button>
          <Button kind="primary" type="submit" isBusy={isBusy}>
            Subscribe
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
