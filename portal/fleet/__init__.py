"""Many real agents against a live site: does it keep its promises to all of them, while things go wrong on the way?

Each gate is `gate.agent.Agent` with its own keys, its own store on disk and its own line; what goes wrong is done to the line
below the agent's client, to its disk and to its clock, never to its code. People come and go by the same functions as the
screens call. At the end what the gates wrote down is compared with what the database holds. For demo and test only: the
people are made up, their cards are known, and a neighborhood that was made stays.
"""
