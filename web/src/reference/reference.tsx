import { useEffect, useState } from 'preact/hooks';
import { Frame } from '../app/frame.js';
import { linkTo, place } from '../app/route.js';
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
  const [words, setWords] = useState('');
  const [kind, id] = place.value.path;
  const operations = operationsOf(api);
  const operation = kind === 'operations' ? operations.find(({ operationId }) => operationId === id) : undefined;
  const isIntroduction = kind === undefined;
  return (
    <>
      <Frame
        where={`${kind ?? ''} ${id ?? ''}`}
        title={operation?.summary ?? 'API'}
        shellClass="reference"
        sidebarLabel="Operations"
        sidebar={
          <>
            <Input label="Find an operation" type="search" value={words} onInput={setWords} />
            <Navigation
              api={api}
              operations={matching(operations, words)}
              current={id}
              isIntroduction={isIntroduction}
            />
            <nav class="links" aria-label="Documents">
              <a href="/openapi.json">OpenAPI</a>
              <a href="/problems">Problems</a>
              <a href="/">Console</a>
            </nav>
          </>
        }
      >
        {operation ? (
          <OperationView document={api} operation={operation} />
        ) : isIntroduction ? (
          <Introduction api={api} />
        ) : (
          <Empty icon="search" title="There is no such operation">
            <a href="#/">Go to the introduction</a>
          </Empty>
        )}
      </Frame>
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
