import { useEffect } from 'preact/hooks';
import { isLost, lostForSeconds } from '../api/connection.js';
import { access, caller, signOut } from '../api/session.js';
import { words } from '../format/numbers.js';
import { duration } from '../format/time.js';
import { Button } from '../ui/button.js';
import { Choice } from '../ui/choice.js';
import { Icon } from '../ui/icon.js';
import { Empty } from '../ui/states.js';
import { toast } from '../ui/toast.js';
import { Frame } from './frame.js';
import { HealthBadge } from './health.js';
import { type Page, pages, permittedPages } from './pages.js';
import { unknownParameters } from './parameters.js';
import { place, setQuery } from './route.js';
import { theme } from './theme.js';

/** The console around every page: navigation, who is signed in, and whether the service responds. */
export function Shell() {
  const { path } = place.value;
  useEffect(leaveOutUnknown, [place.value]);
  const name = path[0] ?? permittedPages()[0]?.name ?? 'overview';
  const page = pages.find((one) => one.name === name);
  return (
    <Frame
      where={path.join('/')}
      title={page?.title ?? 'Not found'}
      sidebarLabel="Navigation and settings"
      sidebar={
        <>
          <Navigation current={name} />
          <Foot />
        </>
      }
      notice={
        isLost.value && (
          <p class="lost-note" role="alert">
            <Icon name="warning" />
            The service does not respond. This page is {duration(lostForSeconds.value)} old.
          </p>
        )
      }
      mainClass={isLost.value ? 'lost' : ''}
    >
      <Content page={page} />
    </Frame>
  );
}

/** An address may be mistyped, or come from another version: it says only what the page shows. */
function leaveOutUnknown(): void {
  const unknown = unknownParameters(place.value);
  if (unknown.length === 0) return;
  const names = [...new Set(unknown.map(([name, value]) => `${name}=${value}`))].join(', ');
  toast(`This page does not know ${names}: the address is shown without it`, 'bad');
  setQuery(Object.fromEntries(unknown.map(([name]) => [name, undefined])));
}

function Content({ page }: { readonly page: Page | undefined }) {
  if (!page) {
    return (
      <Empty icon="search" title="There is no such page">
        <a href="#/">Go to the overview</a>
      </Empty>
    );
  }
  if (!page.isPermitted()) {
    return (
      <Empty icon="keys" title={`${page.title} needs another key`}>
        Your key or token has the scopes {caller.value?.scopes.join(', ') || 'none'}, which do not permit it.
      </Empty>
    );
  }
  const View = page.view;
  return <View />;
}

function Navigation({ current }: { readonly current: string }) {
  return (
    <nav class="nav" aria-label="Pages">
      <ul>
        {permittedPages().map(({ name, title, icon }) => (
          <li key={name}>
            <a href={`#/${name}`} aria-current={name === current ? 'page' : undefined}>
              <Icon name={icon} />
              {title}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function Foot() {
  const who = caller.value;
  return (
    <div class="sidebar-foot">
      <HealthBadge />
      <Choice
        label="Colours"
        value={theme.value}
        options={[
          ['auto', 'Auto'],
          ['light', 'Light'],
          ['dark', 'Dark'],
        ]}
        onChange={(chosen) => {
          theme.value = chosen;
        }}
      />
      {who && (
        <div class="who">
          <Icon name="user" />
          <div>
            <strong title={who.subject}>{who.subject}</strong>
            <span class="muted">{access.value?.required ? words(who.credential) : 'Access control is off'}</span>
          </div>
        </div>
      )}
      {access.value?.required && (
        <Button isSmall onClick={() => signOut()}>
          Sign out
        </Button>
      )}
      <nav class="links" aria-label="Documents">
        <a href="/docs">API</a>
        <a href="/problems">Problems</a>
        <a href="/health/ready">Health</a>
      </nav>
    </div>
  );
}
