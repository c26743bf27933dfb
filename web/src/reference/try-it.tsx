import { useEffect, useRef, useState } from 'preact/hooks';
import { messageOf } from '../api/client.js';
import { credential, signIn, signOut } from '../api/session.js';
import { count } from '../format/numbers.js';
import { Button } from '../ui/button.js';
import { Card } from '../ui/card.js';
import { Input, Select } from '../ui/field.js';
import { Code } from './code.js';
import { examplesOf, type OpenApi, type Operation, parametersOf, responsesOf } from './openapi-document.js';
import { curlOf, type Draft, maxShown, type Received, sendDraft } from './requests.js';

interface TryItProps {
  readonly document: OpenApi;
  readonly operation: Operation;
}

/** A form that sends a request to this service. Streams are shown as they arrive, and can be stopped. */
export function TryIt({ document, operation }: TryItProps) {
  const parameters = parametersOf(document, operation);
  const types = acceptedTypes(document, operation);
  const [draft, setDraft] = useState<Draft>(() => emptyDraft(operation, types));
  const [received, setReceived] = useState<Received>();
  const [error, setError] = useState<string>();
  const abort = useRef<AbortController | null>(null);
  useEffect(() => () => abort.current?.abort(), []);

  const send = async () => {
    abort.current?.abort();
    const controller = new AbortController();
    abort.current = controller;
    setError(undefined);
    setReceived({ status: undefined, headers: [], text: '', shownPart: undefined, isOpen: true });
    try {
      await sendDraft(operation, parameters, draft, controller.signal, setReceived);
    } catch (failure) {
      if (!controller.signal.aborted) setError(messageOf(failure));
      setReceived((before) => before && { ...before, isOpen: false });
    }
  };
  const set = (name: string, value: string) => setDraft({ ...draft, values: { ...draft.values, [name]: value } });

  return (
    <Card title="Try it">
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        {operation.security.length > 0 && (
          <Input
            label="API key or token"
            type="password"
            value={credential.value ?? ''}
            onInput={setCredential}
            isOptional
            hint="Needed while access control is on. This tab keeps it until it is closed."
          />
        )}
        <div class="try-fields">
          {parameters.map(({ name, required, example, in: place }) => (
            <Input
              key={name}
              label={name}
              value={draft.values[name] ?? ''}
              onInput={(value) => set(name, value)}
              isRequired={required}
              isOptional={!required}
              placeholder={example === undefined ? undefined : String(example)}
              hint={place === 'query' ? undefined : `In the ${place}`}
            />
          ))}
          {types.length > 1 && (
            <Select
              label="Accept"
              value={draft.accept ?? ''}
              options={types.map((type) => [type, type])}
              onChange={(accept) => setDraft({ ...draft, accept })}
            />
          )}
        </div>
        {draft.contentType !== undefined && (
          <Body operation={operation} draft={draft} onChange={(body) => setDraft({ ...draft, body })} />
        )}
        <div class="actions">
          <Button type="submit" kind="primary" isBusy={received?.isOpen ?? false}>
            Send
          </Button>
          {received?.isOpen && (
            <Button icon="stop" onClick={() => abort.current?.abort()}>
              Stop
            </Button>
          )}
        </div>
      </form>
      {error && (
        <p class="field-error" role="alert">
          {error}
        </p>
      )}
      {received?.status !== undefined && <Result received={received} />}
      <details>
        <summary>As a command for the shell</summary>
        <Code text={curlOf(operation, parameters, draft)} />
      </details>
    </Card>
  );
}

interface BodyProps {
  readonly operation: Operation;
  readonly draft: Draft;
  readonly onChange: (body: string) => void;
}

function Body({ operation, draft, onChange }: BodyProps) {
  const examples = bodyExamples(operation);
  return (
    <>
      {examples.length > 1 && (
        <Select
          label="Example of a body"
          value={examples.find(([, text]) => text === draft.body)?.[0] ?? ''}
          options={[['', 'Your own'], ...examples.map(([title]) => [title, title] as const)]}
          onChange={(title) => onChange(examples.find(([one]) => one === title)?.[1] ?? draft.body)}
        />
      )}
      <div class="body-field">
        <Input
          label={draft.contentType === 'application/x-ndjson' ? 'Body: one command per line' : 'Body'}
          value={draft.body}
          onInput={onChange}
          isLong
        />
      </div>
    </>
  );
}

function Result({ received: { status, headers, text, shownPart, isOpen } }: { readonly received: Received }) {
  return (
    <section class="try-result" aria-label="Response">
      <p role="status">
        <strong>Status {status}</strong> {isOpen && '– still open'}
      </p>
      {shownPart && (
        <p class="muted">
          The response is longer: this is its {shownPart}, {count(maxShown)} characters.
        </p>
      )}
      <Code text={text === '' ? '(no body yet)' : text} />
      <details>
        <summary>Headers</summary>
        <Code text={headers.map(([name, value]) => `${name}: ${value}`).join('\n')} />
      </details>
    </section>
  );
}

/** An empty field is no key. */
function setCredential(text: string): void {
  const key = text.trim();
  if (key === '') signOut();
  else signIn(key);
}

/** The media types of successful responses. */
function acceptedTypes(document: OpenApi, operation: Operation): string[] {
  const good = responsesOf(document, operation).filter(([status]) => status.startsWith('2'));
  return [...new Set(good.flatMap(([, { content }]) => Object.keys(content ?? {})))];
}

function bodyExamples({ requestBody }: Operation): [string, string][] {
  return Object.entries(requestBody?.content ?? {}).flatMap(([type, media]) => examplesOf(type, media));
}

function emptyDraft(operation: Operation, types: readonly string[]): Draft {
  const [contentType] = Object.keys(operation.requestBody?.content ?? {});
  return { values: {}, body: bodyExamples(operation)[0]?.[1] ?? '', contentType, accept: types[0] };
}
