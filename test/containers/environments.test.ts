import { drivers } from '../integration/environment-rig.ts';
import { environmentSuite } from '../contracts/environment-suite.ts';
import { describeWithEngine } from './engine-at-hand.ts';

describeWithEngine('environment docker', () => environmentSuite(drivers.docker, 90_000));
