import { api, got } from '../api/client.js';
import { Confirm } from '../ui/confirm.js';
import { toast } from '../ui/toast.js';

interface RebuildDialogProps {
  readonly name: string;
  readonly generation: number;
  readonly onClose: () => void;
}

/** Asks before a rebuild, and says what it does. */
export function RebuildDialog({ name, generation, onClose }: RebuildDialogProps) {
  const rebuild = async () => {
    const { requested } = await got(api.POST('/projections/{name}/rebuild', { params: { path: { name } } }));
    toast(requested ? `The rebuild of ${name} has begun` : `${name} was being rebuilt already`);
  };
  return (
    <Confirm title={`Rebuild ${name}?`} action="Rebuild" icon="refresh" onConfirm={rebuild} onClose={onClose}>
      <p>
        The next generation is built from the log beside generation {generation}, which serves queries until the new one
        has caught up. The switch is one atomic step. Redis needs room for the model twice meanwhile.
      </p>
      <p class="muted">You can cancel the rebuild at any time; the live generation does not change then.</p>
    </Confirm>
  );
}
