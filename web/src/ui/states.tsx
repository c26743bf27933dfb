import type { ComponentChildren } from 'preact';
import { messageOf, ProblemError, Unreachable } from '../api/client.js';
import { now } from '../api/connection.js';
import type { Resource } from '../api/resource.js';
import { duration } from '../format/time.js';
import { Button } from './button.js';
import { Icon, type IconName } from './icon.js';

/** What is shown in the place of data that does not exist. */
export function Empty({
  icon = 'info',
  title,
  children,
}: {
  readonly icon?: IconName;
  readonly title: string;
  readonly children?: ComponentChildren;
}) {
  return (
    <div class="empty">
      <Icon name={icon} size={28} />
      <p class="empty-title">{title}</p>
      {children && <div class="empty-text">{children}</div>}
    </div>
  );
}

/** Grey bars in the place of data that is being read. */
export function Loading({ lines = 4 }: { readonly lines?: number }) {
  return (
    <div class="loading" role="status">
      <span class="visually-hidden">Loading</span>
      {Array.from({ length: lines }, (_, nth) => (
        <span key={nth} class="bar" />
      ))}
    </div>
  );
}

/** Says why something failed, and what the service advises. */
export function Failure({ error, onRetry }: { readonly error: unknown; readonly onRetry?: () => void }) {
  const problem = error instanceof ProblemError ? error.problem : undefined;
  return (
    <div class="failure" role="alert">
      <Icon name="warning" size={22} />
      <div>
        <p class="failure-title">
          {problem?.title ?? (error instanceof Unreachable ? 'No response' : 'Something failed')}
        </p>
        <p>{messageOf(error)}</p>
        {problem?.errors && (
          <ul>
            {problem.errors.map(({ pointer, message }) => (
              <li key={pointer}>
                <code>{pointer}</code> {message}
              </li>
            ))}
          </ul>
        )}
        {problem?.request_id && (
          <p class="muted">
            Request <code>{problem.request_id}</code>
          </p>
        )}
        {onRetry && (
          <Button onClick={onRetry} icon="refresh" isSmall>
            Try again
          </Button>
        )}
      </div>
    </div>
  );
}

/** Shows a resource in each of its states: loading, failed, out of date, and as it is. */
export function Shown<Data>({
  resource,
  children,
  lines,
}: {
  readonly resource: Resource<Data>;
  readonly children: (data: Data) => ComponentChildren;
  readonly lines?: number;
}) {
  const { data, error, readAt, reload } = resource;
  if (data === undefined) return error ? <Failure error={error} onRetry={reload} /> : <Loading lines={lines} />;
  const age = readAt === undefined ? 0 : Math.max(0, (now.value - readAt) / 1000);
  return (
    <>
      {error !== undefined && (
        <p class="stale" role="status">
          <Icon name="warning" size={16} /> This is {duration(Math.round(age))} old: {messageOf(error)}
        </p>
      )}
      {children(data)}
    </>
  );
}
