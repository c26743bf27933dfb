import { IconButton } from './button.js';
import { toast } from './toast.js';

/** A text that is an identifier, with a button that copies it. */
export function Copyable({ text, short }: { readonly text: string; readonly short?: string }) {
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      toast('Copied');
    } catch {
      toast('The browser does not allow to copy. Select the text instead.', 'bad');
    }
  };
  return (
    <span class="copyable">
      <code title={text}>{short ?? text}</code>
      <IconButton label={`Copy ${text.slice(0, 40)}`} icon="copy" onClick={() => void copy()} />
    </span>
  );
}
