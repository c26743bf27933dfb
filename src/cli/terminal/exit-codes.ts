/** The meanings of the exit codes of all commands. The usage of `orders` shows this table. */
export const exitCodes: readonly (readonly [code: number, meaning: string])[] = [
  [0, 'done; and what was checked is well'],
  [1, 'failed, or something is wrong (status, doctor)'],
  [2, 'called in a wrong way: nothing was done'],
  [
    3,
    'a check found a difference (verify, verify-proof, replay --dry-run, recover --dry-run),\n' +
      '       or only a part was done (import, forget, rotate-master-key)',
  ],
];
