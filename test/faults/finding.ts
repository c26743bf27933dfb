import { eventually } from '../support/servers.js';

/**
 * The service has not done what it promises while a fault was injected. Any other error says that
 * the harness itself could not inject the fault.
 */
export class Finding extends Error {}

/** Resolves once the service has done something. Rejects with a Finding if it does not in time. */
export async function promised(what: string, isDone: () => Promise<boolean>, timeoutMs: number): Promise<void> {
  await eventually(what, isDone, timeoutMs).catch((error: Error) => {
    throw new Finding(error.message);
  });
}
