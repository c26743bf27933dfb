export async function importCommand(_args: string[]): Promise<void> {}
