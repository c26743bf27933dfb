import { useRef, useState } from 'preact/hooks';
import { api, got } from '../api/client.js';
import { useResource } from '../api/resource.js';
import type { Order } from '../api/types.js';
import { Button } from '../ui/button.js';
import { Failure } from '../ui/states.js';
import { CommandDialog } from './command-dialog.js';
import { type CommandName, commandSpec } from './command-specs.js';

/** Buttons for the commands that the order allows now. The service says which these are, or why it cannot. */
export function CommandBar({ order, onDone }: { readonly order: Order; readonly onDone: () => void }) {
  const [open, setOpen] = useState<CommandName>();
  const allowed = useResource(`commands ${order.order_id} ${order.version}`, (signal) =>
    got(api.GET('/orders/{order_id}/commands', { params: { path: { order_id: order.order_id } }, signal })),
  );
  // While the commands of the next version are read, those of the last one stay.
  const last = useRef(allowed.data);
  if (allowed.data) last.current = allowed.data;
  const names = (last.current?.allowed_commands ?? []).filter((name): name is CommandName => name !== 'place');
  // Without the failure, an order whose commands are not known would look like one that allows none.
  if (allowed.data === undefined && allowed.error)
    return (
      <section aria-label="Commands">
        <Failure error={allowed.error} onRetry={allowed.reload} />
      </section>
    );
  return (
    <section class={`commands${last.current ? '' : ' unknown'}`} aria-label="Commands">
      {names.map((name, nth) => {
        const { title, icon, isDangerous } = commandSpec(name, order);
        const isNext = nth === names.findIndex((one) => ['process', 'ship', 'deliver'].includes(one));
        return (
          <Button
            key={name}
            icon={icon}
            kind={isNext ? 'primary' : isDangerous ? 'danger' : 'secondary'}
            onClick={() => setOpen(name)}
          >
            {title}
          </Button>
        );
      })}
      {open && <CommandDialog name={open} order={order} onClose={() => setOpen(undefined)} onDone={onDone} />}
    </section>
  );
}
