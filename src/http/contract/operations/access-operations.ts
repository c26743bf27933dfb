import { json, type Operation } from '../operation.js';

/** The rules of access, and the caller: a client with a sign-in needs both. */
export const accessOperations = {
  getAccess: {
    method: 'get',
    path: '/access',
    tag: 'About',
    summary: 'Whether callers need a key or token, and where people can sign in',
    access: 'public',
    responses: { 200: { description: 'The rules of access', content: json('Access') } },
  },
  getCaller: {
    method: 'get',
    path: '/access/caller',
    tag: 'About',
    summary: 'The caller of this request: its subject and its scopes',
    access: ['orders:read', 'orders:read:own', 'orders:write', 'orders:import', 'metrics:read', 'audit:read', 'admin'],
    responses: { 200: { description: 'The caller', content: json('Caller') } },
  },
} as const satisfies Readonly<Record<string, Operation>>;
