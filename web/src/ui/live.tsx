import { hasNews } from '../api/connection.js';
import { Icon } from './icon.js';

/** Whether the page follows changes as they happen. */
export function Live({ isOn }: { readonly isOn: boolean }) {
  const isLive = isOn && hasNews.value;
  return (
    <span class={`live${isLive ? ' on' : ''}`}>
      <Icon name={isLive ? 'live' : 'clock'} size={16} />
      {isLive ? 'Live' : hasNews.value ? 'Read every few seconds' : 'No news: changes cannot be read'}
    </span>
  );
}
