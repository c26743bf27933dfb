import { Icon } from './icon.js';

/** Whether the page follows changes as they happen. */
export function Live({ isOn }: { readonly isOn: boolean }) {
  return (
    <span class={`live${isOn ? ' on' : ''}`}>
      <Icon name={isOn ? 'live' : 'clock'} size={16} />
      {isOn ? 'Live' : 'Read every few seconds'}
    </span>
  );
}
