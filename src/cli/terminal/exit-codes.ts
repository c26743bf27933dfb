/** The meanings of the exit codes of all commands. The usage of `orders` shows this table. */
export const exitCodes: readonly (readonly [code: number, meaning: string])[] = [
  [0, 'done; and what was checked is well'],
  [1, 'failed, or what was checked is not well (status, verify, doctor, replay --dry-run)'],
  [2, 'called in a wrong way: nothing was done'],
  [3, 'done but for something that has to be repeated (forget, recover)'],
];
