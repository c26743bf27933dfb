import { useEffect, useRef, useState } from 'preact/hooks';
import { Brand } from '../app/brand.js';
import { linkTo, place } from '../app/route.js';
import { IconButton } from '../ui/button.js';
import { PageHeader } from '../ui/card.js';
import { Input } from '../ui/field.js';
import { Empty, Failure, Loading } from '../ui/states.js';
import { Toasts } from '../ui/toast.js';
import { Markdown } from './markdown.js';
import { loadDocument, type OpenApi, type Operation, operationsOf } from './openapi-document.js';
import { OperationView } from './operation-view.js';

/** The reference of the API: made from /openapi.json, one operation per view. */
export function Reference() {
  const [document, setDocument] = useState<OpenApi>();
  const [error, setError] = useState<unknown>();
  useEffect(() => {
    loadDocument().then(setDocument, setError);
  }, []);
  if (document) return <Loaded api={document} />;
  return <main class="sign-in">{error ? <Failure error={error} /> : <Loading />}</main>;
}

function Loaded({ api }: { readonly api: OpenApi }) {
  const [isMenuOpen, setMenuOpen] = useState(false);
  const [words, setWords] = useState('');
  const main = useRef<HTMLElement>(null);
  const [kind, id] = place.value.path;
  const operations = operationsOf(api);
  const operation = kind === 'operations' ? operations.find(({ operationId }) => operationId === id) : undefined;
  const isIntroduction = kind === undefined;

  useEffect(() => {
    setMenuOpen(false);
    document.title = `${operation?.summary ?? 'API'} · Order service`;
    scrollTo(0, 0);
  }, [kind, id]);

  return (
    <>
      <button type="button" class="skip-link" onClick={() => main.current?.focus()}>
        Skip to the content
      </button>
      <div class="shell reference">
        <header class="topbar">
          <Brand />
          <IconButton
            label={isMenuOpen ? 'Close the menu' : 'Open the menu'}
            icon={isMenuOpen ? 'cross' : 'menu'}
            isExpanded={isMenuOpen}
            controls="sidebar"
            onClick={() => setMenuOpen(!isMenuOpen)}
          />
        </header>
        <aside class={`sidebar${isMenuOpen ? ' open' : ''}`} id="sidebar" aria-label="Operations">
          <Brand />
          <Input label="Find an operation" type="search" value={words} onInput={setWords} />
          <Navigation api={api} operations={matching(operations, words)} current={id} isIntroduction={isIntroduction} />
          <nav class="links" aria-label="Documents">
            <a href="/openapi.json">OpenAPI</a>
            <a href="/problems">Problems</a>
            <a href="/">Console</a>
          </nav>
        </aside>
        <div class="column">
          <main class="main" ref={main} tabIndex={-1}>
            {operation ? (
              <OperationView document={api} operation={operation} />
            ) : isIntroduction ? (
              <Introduction api={api} />
            ) : (
              <Empty icon="search" title="There is no such operation">
                <a href="#/">Go to the introduction</a>
              </Empty>
            )}
          </main>
        </div>
      </div>
      <Toasts />
    </>
  );
}

function Introduction({ api: { info } }: { readonly api: OpenApi }) {
  return (
    <>
      <PageHeader title={info.title} lead={`Version ${info.version}`} />
      <div class="prose">
        <Markdown text={info.description} />
      </div>
    </>
  );
}

interface NavigationProps {
  readonly api: OpenApi;
  readonly operations: readonly Operation[];
  readonly current: string | undefined;
  readonly isIntroduction: boolean;
}

function Navigation({ api, operations, current, isIntroduction }: NavigationProps) {
  const groups = [
    ...api.tags.map(({ name }) => ({
      name,
      members: operations.filter(({ tags, isWebhook }) => !isWebhook && tags.includes(name)),
    })),
    { name: 'Messages to webhooks', members: operations.filter(({ isWebhook }) => isWebhook) },
  ];
  return (
    <nav class="nav" aria-label="Operations">
      <a href="#/" aria-current={isIntroduction ? 'page' : undefined}>
        Introduction
      </a>
      {groups
        .filter(({ members }) => members.length > 0)
        .map(({ name, members }) => (
          <section key={name} aria-label={name}>
            <h2>{name}</h2>
            <ul>
              {members.map(({ operationId, method, path, isWebhook }) => (
                <li key={operationId}>
                  <a
                    href={linkTo(['operations', operationId])}
                    aria-current={operationId === current ? 'page' : undefined}
                  >
                    <span class="method">{method}</span>
                    <span>{isWebhook ? operationId.slice('receive'.length) : path}</span>
                  </a>
                </li>
              ))}
            </ul>
          </section>
        ))}
    </nav>
  );
}

/** The operations that have every word in their path, summary or id. */
function matching(operations: readonly Operation[], words: string): Operation[] {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  return operations.filter(({ method, path, summary, operationId }) => {
    const text = `${method} ${path} ${summary} ${operationId}`.toLowerCase();
    return wanted.every((word) => text.includes(word));
  });
}
