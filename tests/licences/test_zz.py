import time, sys
from collections import defaultdict
from api.schema import Role
from tests.licences.issuing_house import *
from licences.issuing_results import *
import licences.issuing_production as P, licences.issuing as I
T=defaultdict(float); C=defaultdict(float)
def timed(obj,name,label):
    f=getattr(obj,name)
    def g(*a,**k):
        t=time.perf_counter(); c=time.thread_time()
        try: return f(*a,**k)
        finally: T[label]+=time.perf_counter()-t; C[label]+=time.thread_time()-c
    setattr(obj,name,g)
def test_try(database, objects):
    register_seals(database)
    from seals.jades import JsonSealer
    from seals.pades import PdfSealer
    from licences.rendering import Renderer
    from licences.issuing_intents import IntentBook
    from licences.issuing_activation import Activator
    from ca.timestamps import TimestampAuthority
    from ledger.local_objects import LocalObjects
    from licences.issuing_judgement import Judge
    import licences.rendering as R
    timed(JsonSealer,"seal","json"); timed(PdfSealer,"seal","pdf"); timed(R.Renderer,"render","render"); timed(R.Renderer,"_compile","compile")
    timed(IntentBook,"intend","intend"); timed(Activator,"activate","activate"); timed(P,"make_document","make_document"); timed(P,"claims_of","claims")
    timed(LocalObjects,"put","put"); timed(TimestampAuthority,"stamp","stamp"); timed(Judge,"judge","judge")
    with open_issuer(database, objects) as issuer:
        docs=[]
        issuer.issue_rows([shop(i) for i in range(64)], actor(TOBACCO), clock, lambda i,o: docs.append(o.json.data))
        T.clear(); C.clear()
        n=640
        rows=[shop(1000+i) for i in range(n)]
        c=time.process_time(); t=time.perf_counter()
        issuer.issue_rows(rows, actor(TOBACCO), clock, lambda i,o: None)
        print("total wall %.2f cpu %.2f"%((time.perf_counter()-t)/n*1000,(time.process_time()-c)/n*1000))
        for k in T: print("%-14s wall %.3f cpu %.3f"%(k,T[k]/n*1000,C[k]/n*1000))
