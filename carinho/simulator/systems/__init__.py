"""The systems played here, as the page shows them: a new one is a file and a line."""

from carinho.simulator.system import System
from carinho.simulator.systems.atendimento import Atendimento
from carinho.simulator.systems.crm import Crm
from carinho.simulator.systems.cuidadores import Cuidadores
from carinho.simulator.systems.financeiro import Financeiro
from carinho.simulator.systems.marketing import Marketing
from carinho.simulator.systems.operacao import Operacao
from carinho.simulator.systems.zapi import Zapi

SYSTEMS: dict[str, type[System]] = {
    "crm": Crm,
    "zapi": Zapi,
    "operacao": Operacao,
    "financeiro": Financeiro,
    "cuidadores": Cuidadores,
    "atendimento": Atendimento,
    "marketing": Marketing,
}
