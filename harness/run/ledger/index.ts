export { ledgerFolder, openLedger } from './ledger.ts';
