import type { ComponentType } from 'preact';
import { may } from '../api/session.js';
import type { Scope } from '../api/types.js';
import { Audit } from '../audit/audit.js';
import { Keys } from '../keys/keys.js';
import { Log } from '../log/log.js';
import { OrdersPage } from '../orders/orders-page.js';
import { Overview } from '../overview/overview.js';
import { Projections } from '../projections/projections.js';
import { System } from '../system/system.js';
import type { IconName } from '../ui/icon.js';
import { Webhooks } from '../webhooks/webhooks.js';

export interface Page {
  /** The first part of its address. */
  readonly name: string;
  readonly title: string;
  readonly icon: IconName;
  readonly view: ComponentType;
  /** Whether the caller's scopes permit what the page shows. */
  readonly isPermitted: () => boolean;
}

function page(name: string, title: string, icon: IconName, view: ComponentType, scopes: readonly Scope[]): Page {
  return { name, title, icon, view, isPermitted: () => may(...scopes) };
}

/** All pages, in the order of the navigation. */
export const pages: readonly Page[] = [
  page('overview', 'Overview', 'overview', Overview, ['metrics:read']),
  page('orders', 'Orders', 'orders', OrdersPage, ['orders:read', 'orders:read:own']),
  page('projections', 'Projections', 'projections', Projections, ['metrics:read', 'admin']),
  page('log', 'Log', 'log', Log, ['audit:read']),
  page('audit', 'Audit', 'audit', Audit, ['audit:read']),
  page('webhooks', 'Webhooks', 'webhooks', Webhooks, ['admin']),
  page('keys', 'Keys', 'keys', Keys, ['admin']),
  page('system', 'System', 'system', System, ['admin']),
];

export function permittedPages(): readonly Page[] {
  return pages.filter((one) => one.isPermitted());
}
