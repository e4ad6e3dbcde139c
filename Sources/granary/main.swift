// The executable. What the command does is in GranaryCommands.

import Glibc
import GranaryCommands

exit(await GranaryProgram(Granary.self).run())
