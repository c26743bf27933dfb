import { useState } from 'preact/hooks';
import { api, got } from '../api/client.js';
import { Button } from '../ui/button.js';
import { Dialog } from '../ui/dialog.js';
import { Failure } from '../ui/states.js';
import { toast } from '../ui/toast.js';

interface RebuildDialogProps {
  readonly name: string;
  readonly generation: number;
  readonly onClose: () => void;
}

/** Asks before a rebuild, and says what it does. */
export function RebuildDialog({ name, generation, onClose }: RebuildDialogProps) {
  const [error, setError] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const rebuild = async () => {
    setBusy(true);
    try {
      const { requested } = await got(api.POST('/projections/{name}/rebuild', { params: { path: { name } } }));
      toast(requested ? `The rebuild of ${name} has begun` : `${name} was being rebuilt already`);
      onClose();
    } catch (failure) {
      setError(failure);
      setBusy(false);
    }
  };
  return (
    <Dialog title={`Rebuild ${name}?`} onClose={onClose}>
      <p>
        The next generation is built from the log beside generation {generation}, which serves queries until the new one
        has caught up. The switch is one atomic step. Redis needs room for the model twice meanwhile.
      </p>
      <p class="muted">You can cancel the rebuild at any time; the live generation does not change then.</p>
      {error !== undefined && <Failure error={error} />}
      <div class="form-buttons">
        <Button onClick={onClose}>Not now</Button>
        <Button kind="primary" icon="refresh" isBusy={isBusy} onClick={() => void rebuild()}>
          Rebuild
        </Button>
      </div>
    </Dialog>
  );
}
