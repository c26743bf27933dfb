import { api } from '../api/client.js';
import { isLost, noteReadModels } from '../api/connection.js';
import { useResource } from '../api/resource.js';
import type { Health } from '../api/types.js';
import { Badge } from '../ui/badge.js';

const everyMs = 3_000;

/**
 * The health of the whole service, and not of the process that serves this page: that one is ready
 * although every projector is dead. Its checks come with 200 and with 503.
 */
export function useHealth() {
  return useResource(
    'health',
    async (signal): Promise<Health> => {
      const { data, error } = await api.GET('/health', { signal, priority: 'low' });
      const health = data ?? error;
      if (health && 'checks' in health) {
        noteReadModels(health.checks.read_models === 'up');
        return health;
      }
      throw new Error('The health could not be read.');
    },
    everyMs,
  );
}

export function HealthBadge() {
  const { data, error } = useHealth();
  if (isLost.value || error) return <Badge tone="bad" icon="stop" text="No response" />;
  if (!data) return <Badge tone="neutral" icon="clock" text="Asking" />;
  return (
    <a class="health-link" href="#/system" title={troubles(data).join('; ') || 'Every check passes'}>
      <StatusBadge status={data.status} />
    </a>
  );
}

export function StatusBadge({ status }: Pick<Health, 'status'>) {
  if (status === 'ok') return <Badge tone="ok" icon="check" text="Ready" />;
  return <Badge tone="bad" icon="stop" text="Broken" />;
}

/** The checks that do not pass, as sentences. */
export function troubles({ checks }: Health): string[] {
  return Object.entries(checks)
    .filter(([, state]) => state !== 'up' && state !== 'live')
    .map(([name, state]) => `${name.replaceAll('_', ' ')}: ${state}`);
}
