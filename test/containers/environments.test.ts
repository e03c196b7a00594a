import { drivers } from '../integration/environment-rig.ts';
import { environmentSuite } from '../contracts/environment-suite.ts';
import { composeRig } from './compose-rig.ts';
import { describeWithEngine } from './engine-at-hand.ts';

describeWithEngine('environment docker', () => environmentSuite(drivers.docker, 90_000));
describeWithEngine('environment compose', () => environmentSuite(drivers.compose, 90_000, (services) => composeRig({ services })));
