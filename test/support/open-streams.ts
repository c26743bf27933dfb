/** The number of open event streams of a service. */
export async function streamsOf(
  { url }: { readonly url: string },
  headers: Record<string, string> = {},
): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`, { headers })).text();
  return Number(/^orders_event_streams (\d+)$/m.exec(metrics)?.[1]);
}
