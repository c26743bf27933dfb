import createClient, { type Middleware } from 'openapi-fetch';
import { noteFailure, noteResponse } from './connection.js';
import { credential, signOut } from './session.js';
import type { Paths, Problem } from './types.js';

/** The service has responded with a problem (RFC 9457). */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

/** The service has not responded. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';
}

const identify: Middleware = {
  onRequest({ request }) {
    addCredential(request.headers);
    return request;
  },
};

/** Adds the credential of the user, if there is one, to the headers of a request. */
export function addCredential(headers: Headers): Headers {
  if (credential.value !== null) headers.set('authorization', `Bearer ${credential.value}`);
  return headers;
}

/** A typed client of the API. Its types come from the OpenAPI document. */
export const api = createClient<Paths, 'application/json' | 'application/problem+json'>({
  baseUrl: location.origin,
  fetch: (request) => send(request),
});
api.use(identify);

/** Sends a request. Signs the user out if the credential is not accepted. Throws Unreachable. */
export async function send(request: Request): Promise<Response> {
  const response = await sendAs(request);
  if (response.status === 401 && request.headers.has('authorization')) {
    signOut('Your key or token is no longer accepted. Sign in again.');
  }
  return response;
}

/** Sends a request as it is, and notes whether the service responds. Throws Unreachable. */
export async function sendAs(request: Request): Promise<Response> {
  try {
    const response = await fetch(request);
    noteResponse();
    return response;
  } catch (error) {
    if (request.signal.aborted) throw error;
    noteFailure();
    throw new Unreachable('The service does not respond.', { cause: error });
  }
}

interface Result<Data> {
  readonly data?: Data;
  readonly error?: unknown;
  readonly response: Response;
}

/** The data of a response. Throws ProblemError if it is a problem. */
export async function got<Data>(result: Promise<Result<Data>>): Promise<Data> {
  const { data, error, response } = await result;
  if (response.ok) return data as Data;
  throw new ProblemError(problemOf(error, response.status));
}

/**
 * Requests a text, such as CSV, or a file. Throws ProblemError and Unreachable.
 * @param priority 'low' for what the page can wait for
 */
export async function download(path: string, accept: string, priority: RequestPriority = 'auto'): Promise<Response> {
  const response = await send(new Request(path, { headers: addCredential(new Headers({ accept })), priority }));
  if (response.ok) return response;
  throw new ProblemError(problemOf(await response.json().catch(() => undefined), response.status));
}

export function problemOf(error: unknown, status: number): Problem {
  if (error !== null && typeof error === 'object' && 'title' in error && 'detail' in error) return error as Problem;
  return { title: `Status ${status}`, detail: `The service responded with status ${status}.`, status };
}

/** An error as a sentence for the user. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
