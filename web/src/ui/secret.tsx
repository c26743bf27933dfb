import { Button } from './button.js';
import { Copyable } from './copy.js';
import { Dialog } from './dialog.js';
import { Icon } from './icon.js';

/** Shows a secret, once. */
export function Secret({
  title,
  text,
  onClose,
}: {
  readonly title: string;
  readonly text: string;
  readonly onClose: () => void;
}) {
  return (
    <Dialog title={title} onClose={onClose}>
      <p class="notice">
        <Icon name="warning" size={16} /> Copy it now: it is not shown again.
      </p>
      <Copyable text={text} />
      <div class="form-buttons">
        <Button kind="primary" onClick={onClose}>
          I have it
        </Button>
      </div>
    </Dialog>
  );
}
