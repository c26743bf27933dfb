export async function statusCommand(_args: string[]): Promise<void> {}
