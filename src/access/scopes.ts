/** Permissions of callers. `orders:read:own` reads the orders with the caller as user_id. */
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
