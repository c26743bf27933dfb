/** What a caller may be allowed to do. `orders:read:own` is reading the orders whose user_id is the caller's subject. */
export const scopes = [
  'orders:write',
  'orders:import',
  'orders:read',
  'orders:read:own',
  'metrics:read',
  'audit:read',
  'admin',
] as const;

export type Scope = (typeof scopes)[number];

export function isScope(text: string): text is Scope {
  return (scopes as readonly string[]).includes(text);
}
