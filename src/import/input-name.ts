import { hash } from 'node:crypto';
import type { Input } from './open-input.js';

/**
 * Names the content of a file and the mapping of its columns. An import continues an interrupted
 * one only if both are the same: otherwise the orders before the position would keep what an
 * earlier mapping made of them, such as no payments.
 */
export function inputName({ fingerprint, mapping }: Pick<Input, 'fingerprint' | 'mapping'>): string {
  if (!mapping) return fingerprint.sha256;
  const text = JSON.stringify(mapping, (_, value: unknown) =>
    value instanceof Map || value instanceof Set ? [...value] : value,
  );
  return `${fingerprint.sha256} ${hash('sha256', text, 'base64url')}`;
}
