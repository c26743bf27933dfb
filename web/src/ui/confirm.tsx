import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { Button } from './button.js';
import { Dialog } from './dialog.js';
import type { IconName } from './icon.js';
import { Failure } from './states.js';

interface ConfirmProps {
  readonly title: string;
  /** What will happen. */
  readonly children: ComponentChildren;
  readonly action: string;
  readonly icon?: IconName;
  readonly isDangerous?: boolean;
  /** Does it. The dialog closes once it is done, and shows the error if it fails. */
  readonly onConfirm: () => Promise<void>;
  readonly onClose: () => void;
}

/** Asks before something is done, and says what it does. */
export function Confirm({ title, children, action, icon, isDangerous, onConfirm, onClose }: ConfirmProps) {
  const [error, setError] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const confirm = async () => {
    setBusy(true);
    setError(undefined);
    try {
      await onConfirm();
      onClose();
    } catch (failure) {
      setError(failure);
      setBusy(false);
    }
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <div class="stack">{children}</div>
      {error !== undefined && <Failure error={error} />}
      <div class="form-buttons">
        <Button onClick={onClose}>Not now</Button>
        <Button kind={isDangerous ? 'danger' : 'primary'} icon={icon} isBusy={isBusy} onClick={() => void confirm()}>
          {action}
        </Button>
      </div>
    </Dialog>
  );
}
