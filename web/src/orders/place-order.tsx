import { useMemo, useState } from 'preact/hooks';
import { newIdempotencyKey } from '../../../client/idempotency-keys.js';
import { api, got } from '../api/client.js';
import { goTo } from '../app/route.js';
import { Button } from '../ui/button.js';
import { Dialog } from '../ui/dialog.js';
import { Input } from '../ui/field.js';
import { Failure } from '../ui/states.js';
import { toast } from '../ui/toast.js';
import { emptyLine, itemsOf, LinesEditor, type LineText } from './lines-editor.js';

/** A form that places an order, for a telephone order or a test. */
export function PlaceOrder({ onClose }: { readonly onClose: () => void }) {
  const [user, setUser] = useState('');
  const [reference, setReference] = useState('');
  const [currency, setCurrency] = useState('');
  const [lines, setLines] = useState<readonly LineText[]>([emptyLine(0)]);
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  // One key per form: sending it again after a lost response places no second order.
  const idempotencyKey = useMemo(newIdempotencyKey, []);
  const place = async () => {
    setBusy(true);
    setError(undefined);
    try {
      const order = await got(
        api.POST('/orders', {
          params: { header: { 'Idempotency-Key': idempotencyKey, Prefer: 'wait=5' } },
          body: {
            user_id: user.trim(),
            ...(reference.trim() === '' ? {} : { reference: reference.trim() }),
            // The service says if this is no currency.
            ...(currency.trim() === '' ? {} : { currency: currency.trim().toUpperCase() as 'EUR' }),
            items: itemsOf(lines),
          },
        }),
      );
      toast(`Order ${order.reference ?? order.order_id} is placed`);
      onClose();
      goTo(['orders', order.order_id]);
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };

  return (
    <Dialog title="Place an order" onClose={onClose} isWide>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          void place();
        }}
      >
        <div class="form-row">
          <Input label="Customer" value={user} onInput={setUser} isRequired />
          <Input label="Reference" value={reference} onInput={setReference} isOptional />
          <Input label="Currency" value={currency} onInput={setCurrency} isOptional placeholder="EUR" />
        </div>
        <LinesEditor lines={lines} onChange={setLines} />
        {error !== undefined && <Failure error={error} />}
        <div class="form-buttons">
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" isBusy={isBusy}>
            Place the order
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
