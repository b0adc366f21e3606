// Prints the certificate authority of the network's media host, for NODE_EXTRA_CA_CERTS.

import { Control } from './control.js';

const { media_ca: certificate } = await new Control(process.argv[2]).info();
process.stdout.write(certificate);
