/** What was waited for took too long. It goes on; nobody waits for it any more. */
export class TookTooLong extends Error {
  override readonly name = 'TookTooLong';
}

/** Waits for a task, but not longer than this: then rejects with TookTooLong. */
export async function within<T>(timeoutMs: number, task: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TookTooLong(`no answer within ${timeoutMs} ms`)), timeoutMs);
  });
  // How it ends once nobody waits is of no interest.
  task.catch(() => undefined);
  try {
    return await Promise.race([task, late]);
  } finally {
    clearTimeout(timer);
  }
}
