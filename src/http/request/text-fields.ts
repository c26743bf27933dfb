import { pointerPart } from '../../json-pointer.js';
import { isWellFormed, wellFormedRule } from '../../well-formed-text.js';
import type { FieldError } from '../contract/problems.js';

/** Errors in one response. */
const maxErrors = 20;

/**
 * Finds the names and texts in a JSON value that are not well-formed. A name counts as an error of
 * the object that has it.
 */
export function illFormedFields(value: unknown): FieldError[] {
  const errors: FieldError[] = [];
  // Pointers are built only for a value that needs them.
  if (!isAllWellFormed(value)) visit(value, '', errors);
  return errors;
}

function isAllWellFormed(value: unknown): boolean {
  if (typeof value === 'string') return isWellFormed(value);
  if (value === null || typeof value !== 'object') return true;
  if (Array.isArray(value)) return value.every(isAllWellFormed);
  return Object.entries(value).every(([name, field]) => isWellFormed(name) && isAllWellFormed(field));
}

function visit(value: unknown, pointer: string, errors: FieldError[]): void {
  if (errors.length === maxErrors) return;
  if (typeof value === 'string') {
    if (!isWellFormed(value)) errors.push({ pointer, message: wellFormedRule });
  } else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) visit(item, `${pointer}/${index}`, errors);
  } else if (value !== null && typeof value === 'object') {
    for (const [name, field] of Object.entries(value)) {
      if (!isWellFormed(name)) errors.push({ pointer, message: `has a name that ${wellFormedRule}` });
      else visit(field, `${pointer}/${pointerPart(name)}`, errors);
    }
  }
}
