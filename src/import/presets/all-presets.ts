import { magento } from './magento.js';
import { medusa } from './medusa.js';
import { olist } from './olist.js';
import type { Preset } from './preset.js';
import { shopify } from './shopify.js';
import { uciOnlineRetail } from './uci-online-retail.js';
import { woocommerce } from './woocommerce.js';

/** The presets of --preset, by their names. A new one is a file and a line here. */
export const presets: ReadonlyMap<string, Preset> = new Map(
  [shopify, woocommerce, magento, medusa, uciOnlineRetail, olist].map((preset) => [preset.name, preset]),
);
