export async function historyCommand(_args: string[]): Promise<void> {}
