export { engineAddress, ledgerFolder } from './folder.ts';
export { openLedger } from './ledger.ts';
export { lifeOf, ownerInLabels, type Life } from './owner.ts';
export { readLedgers, removeStored, strikeStored, type StoredLedger } from './stored.ts';
export { undoerOf, undoUntilQuiet, type Undone } from './undo.ts';
